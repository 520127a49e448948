// Every answer of the management API, in every test, has the shape that its route declares, an error the shape that all
// errors have. A test in which an answer differs fails.

import { subscribe } from 'node:diagnostics_channel';
import { afterEach, expect } from 'vitest';
import type { AnswerTold } from '../host/platform/api/index.js';

interface Answer extends Pick<AnswerTold, 'route'> {
  readonly status: number;
  readonly hasBody: boolean;
  /** As it goes out: fields that are undefined are none. */
  readonly json: string | undefined;
}

const answers: Answer[] = [];

/** What is wrong with an answer; undefined: nothing. The schemas are loaded by the first answer: most tests give none. */
async function faultOf({ route, status, hasBody, json }: Answer): Promise<string | undefined> {
  const shape = route?.answers[status];
  if (shape === undefined && status < 400) return `status ${status} is none that it declares`;
  if (shape === 'nothing') return json === undefined && !hasBody ? undefined : 'has a body';
  if (shape === 'bytes') return json === undefined ? undefined : 'is JSON';
  const [{ apiErrorShape }, { readAs }] = await Promise.all([
    import('../host/platform/api/shapes.js'),
    import('../host/faults.js'),
  ]);
  return readAs(shape ?? apiErrorShape, json === undefined ? undefined : JSON.parse(json)).faults?.join('; ');
}

subscribe('akari:api:answer', (message) => {
  const { route, response, json } = message as AnswerTold;
  answers.push({
    route,
    status: response.status,
    hasBody: response.body !== null,
    json: json === undefined ? undefined : JSON.stringify(json),
  });
});

afterEach(async () => {
  const faults: string[] = [];
  for (const answer of answers.splice(0)) {
    const fault = await faultOf(answer);
    const { route, status } = answer;
    if (fault !== undefined) faults.push(`${route?.method ?? ''} ${route?.path ?? ''}: ${status}: ${fault}`);
  }
  expect(faults).toEqual([]);
});
