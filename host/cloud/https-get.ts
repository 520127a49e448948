// One HTTPS GET from a stand-in to another, over whatever way the world has: in process or over sockets.

import { request } from 'node:http';
import { connect } from 'node:tls';
import type { Clock } from '../clock/clock.js';
import type { Upstream } from '../platform/outbound/upstream.js';

/** What a published key may have at most, and more than enough for it. */
const MAX_BYTES = 64 * 1024;

/** The body of a 200; undefined for any other status. Rejects when there is no answer, or no trust in it. */
export async function httpsGet(upstream: Upstream, clock: Clock, url: URL): Promise<string | undefined> {
  const { hostname, pathname } = url;
  const plain = await upstream.connect(hostname, Number(url.port) || 443);
  const socket = connect({ socket: plain, servername: hostname, host: hostname, ca: [...upstream.trustedCas] });
  try {
    return await new Promise((resolve, reject) => {
      socket.once('error', reject);
      const headers = { Host: url.host, Connection: 'close' };
      const asked = request({ createConnection: () => socket, path: pathname, headers, setHost: false }, (response) => {
        let body = '';
        response.on('data', (chunk: Buffer) => {
          clock.stir();
          body += chunk.toString();
          if (body.length > MAX_BYTES) reject(new Error('the answer is too long'));
        });
        response.once('error', reject);
        response.once('end', () => resolve(response.statusCode === 200 ? body : undefined));
      });
      asked.once('error', reject);
      asked.end();
    });
  } finally {
    socket.destroy();
    plain.destroy();
  }
}
