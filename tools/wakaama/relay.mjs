// Wakaama's programs bind to every address, and send from the one that routing chooses: this speaks for one of them from another.
import { createSocket } from 'node:dgram';
import { once } from 'node:events';

const HOST = '127.0.0.1';

export class UdpRelay {
  datagrams = [];
  #inside = createSocket('udp4');
  #outside = createSocket('udp4');
  #program;

  static async open(to, from = HOST) {
    const relay = new UdpRelay(to);
    await Promise.all([bound(relay.#inside, HOST), bound(relay.#outside, from)]);
    return relay;
  }

  constructor({ host, port }) {
    this.#inside.on('message', (bytes, from) => {
      this.#program = from;
      this.datagrams.push({ from: from.port, to: port, bytes });
      this.#outside.send(bytes, port, host);
    });
    this.#outside.on('message', (bytes) => {
      const program = this.#program;
      if (program === undefined) return;
      this.datagrams.push({ from: port, to: program.port, bytes });
      this.#inside.send(bytes, program.port, program.address);
    });
  }

  get port() {
    return this.#inside.address().port;
  }

  close() {
    this.#inside.close();
    this.#outside.close();
  }
}

async function bound(socket, address) {
  socket.bind(0, address);
  await once(socket, 'listening');
}
