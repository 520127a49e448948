import type { ChildProcess } from 'node:child_process';

export interface Part {
  readonly child: ChildProcess;
}

export function start(script: 'origin.mjs' | 'proxy.mjs', ...args: string[]): Promise<Part & { url: string }>;
export function start(
  script: 'served.mjs',
  ...args: string[]
): Promise<Part & { from: string; beam: string; harvest: string }>;
export function stop(part: Part): Promise<void>;
export function processorSeconds(part: Part): number;
export function load(url: string, n: number, from?: string): Promise<{ p50: number; p99: number }>;
