import type { RequestOptions } from 'node:http';

export interface Answer {
  readonly status: number;
  /** The body, or why there is none. */
  readonly text: string;
}

export function ask(options: RequestOptions, body?: string): Promise<Answer>;
