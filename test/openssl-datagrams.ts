// OpenSSL's s_server and s_client with datagrams for input and output: a pipe joins two that come close together, and cuts long ones.
// Debian packages: openssl, socat.

import { spawn, type ChildProcess } from 'node:child_process';

/** SOCK_DGRAM of Linux: socat gives the program one end of a pair of such sockets. */
const DATAGRAMS = 2;

/** What an address of socat's takes for its own. */
const escaped = (text: string): string => text.replace(/[\\:,!"'()[\]{}]/g, '\\$&');

/** Each datagram at `from` becomes a record of the association, and each record that comes one to `to`: UDP ports of this computer. */
export function opensslDatagrams(to: number, from: number | undefined, ...args: readonly string[]): ChildProcess {
  const source = from === undefined ? '' : `,bind=127.0.0.1,sourceport=${from}`;
  const command = ['openssl', ...args].map(escaped).join(' ');
  return spawn('socat', [`UDP4:127.0.0.1:${to}${source}`, `EXEC:${command},socktype=${DATAGRAMS}`], {
    stdio: 'ignore',
  });
}
