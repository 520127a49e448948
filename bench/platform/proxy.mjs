// The peer: a reverse proxy that only forwards. `close`: over a new connection for each request, as Beam does by its
// documentation; otherwise over connections that are kept.
import { Agent, createServer } from 'node:http';
import { createProxyServer } from 'httpxy';

const [target, connections] = process.argv.slice(2);
const agent = connections === 'close' ? false : new Agent({ keepAlive: true });
const proxy = createProxyServer({ target, agent });
const server = createServer((request, response) => void proxy.web(request, response).catch(() => response.destroy()));
server.listen(0, '127.0.0.1', () => {
  process.stdout.write(`${JSON.stringify({ url: `http://127.0.0.1:${server.address().port}/` })}\n`);
});
process.once('SIGTERM', () => process.exit(0));
