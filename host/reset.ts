import type { Socket } from 'node:net';

/**
 * Ends a TCP connection by RST. While a FIN is on its way out the connection is closed instead: Node's handle then refuses
 * a reset, is never released, and the process spins when it is to end (seen with 20.20).
 */
export function resetSocket(socket: Socket): void {
  if (socket.writableEnded && !socket.writableFinished) socket.destroy();
  else socket.resetAndDestroy();
}
