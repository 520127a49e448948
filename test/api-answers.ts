// Every answer of the management API, in every test: it has the shape that its route declares, an error the one that all
// errors have. A test in which one has not fails.

import { subscribe } from 'node:diagnostics_channel';
import { afterEach, expect } from 'vitest';
import type { AnswerTold } from '../host/platform/api/index.js';
import { apiErrorShape } from '../host/platform/api/shapes.js';
import { faultsOf } from '../host/platform/directory/index.js';

const faults: string[] = [];

/** What is wrong with an answer; undefined: nothing. */
export function faultOfAnswer({ route, response, json }: AnswerTold): string | undefined {
  const { status } = response;
  const shape = route?.answers[status];
  if (shape === undefined) {
    if (status < 400) return `status ${status} is none that it declares`;
    const error = apiErrorShape.safeParse(json);
    return error.success ? undefined : faultsOf(error.error).join('; ');
  }
  if (shape === 'nothing') return json === undefined && response.body === null ? undefined : 'has a body';
  if (shape === 'bytes') return json === undefined ? undefined : 'is JSON';
  // As it goes out: fields that are undefined are none.
  const parsed = shape.safeParse(json === undefined ? undefined : JSON.parse(JSON.stringify(json)));
  return parsed.success ? undefined : faultsOf(parsed.error).join('; ');
}

subscribe('akari:api:answer', (message) => {
  const told = message as AnswerTold;
  const fault = faultOfAnswer(told);
  if (fault === undefined) return;
  const { route, response } = told;
  faults.push(`${route?.method ?? ''} ${route?.path ?? ''}: ${response.status}: ${fault}`);
});

afterEach(() => {
  expect(faults.splice(0)).toEqual([]);
});
