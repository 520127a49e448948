import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';

/** A server that ends a connection at one instant and resets it at another, and is then done. */
const program = (between: string): string => `
  import { createServer, connect } from 'node:net';
  import { resetSocket } from './dist/host/reset.js';
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    socket.on('error', (error) => console.log('server', error.code));
    socket.end('x');
    const reset = () => { resetSocket(socket); server.close(); };
    ${between};
  });
  server.listen(0, '127.0.0.1', () => {
    const client = connect(server.address().port, '127.0.0.1');
    client.on('error', (error) => console.log('client', error.code)).on('close', () => console.log('closed')).resume();
  });`;

it.each([
  ['while its FIN is on the way', 'reset()', 'closed\n'],
  ['after its FIN', "socket.once('finish', reset)", expect.stringMatching(/^(client ECONNRESET\n)?closed\n$/)],
])('a process that resets a connection %s can end', async (_when, between, printed) => {
  const args = ['--input-type=module', '-e', program(between)];
  const { stdout } = await promisify(execFile)(process.execPath, args, { timeout: 30_000, killSignal: 'SIGKILL' });
  expect(stdout).toEqual(printed);
});
