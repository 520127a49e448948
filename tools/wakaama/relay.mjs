// Between a program and a server. Wakaama's programs bind to every address, and send from the one that routing chooses: this speaks for one
// of them from another. And it can change the port that the server sees, as a NAT does that has forgotten whose the one before was.
import { createSocket } from 'node:dgram';
import { once } from 'node:events';

const HOST = '127.0.0.1';

export class UdpRelay {
  datagrams = [];
  #inside = createSocket('udp4');
  #outside = [];
  #to;
  #from;
  #program;

  static async open(to, from = HOST) {
    const relay = new UdpRelay(to, from);
    await Promise.all([bound(relay.#inside, HOST), relay.rebind()]);
    return relay;
  }

  constructor(to, from) {
    this.#to = to;
    this.#from = from;
    this.#inside.on('message', (bytes, from) => {
      this.#program = from;
      this.datagrams.push({ from: from.port, to: to.port, bytes });
      this.#outside.at(-1).send(bytes, to.port, to.host);
    });
  }

  async rebind() {
    const outside = createSocket('udp4');
    outside.on('message', (bytes) => {
      const program = this.#program;
      if (program === undefined) return;
      this.datagrams.push({ from: this.#to.port, to: program.port, bytes });
      this.#inside.send(bytes, program.port, program.address);
    });
    await bound(outside, this.#from);
    this.#outside.push(outside);
  }

  get port() {
    return this.#inside.address().port;
  }

  close() {
    this.#inside.close();
    for (const socket of this.#outside) socket.close();
  }
}

async function bound(socket, address) {
  socket.bind(0, address);
  await once(socket, 'listening');
}
