// The operator of a served world, over TCP.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Client } from '../platform/api-harness.js';

/** Signs in with the key that the data folder has. */
export function operatorOf(folder: string, { host, port }: { host: string; port: number }): Promise<Client> {
  const anybody = new Client(async (request) => {
    const { pathname, search } = new URL(request.url);
    const { method, headers } = request;
    const body = request.body === null ? {} : { body: await request.arrayBuffer() };
    return fetch(`http://${host}:${port}${pathname}${search}`, { method, headers, ...body });
  });
  return anybody.signIn(JSON.parse(readFileSync(join(folder, 'operator.json'), 'utf8')) as object);
}
