import { once } from 'node:events';
import net from 'node:net';

/**
 * The public port. It forwards bytes to the HTTP server behind it, so that
 * the network can fail without the server's knowing: a closed port, a port that
 * hangs up, or one that keeps connections open and moves nothing.
 */
export class Entrance {
  #innerPort;
  #port;
  #listener = null;
  #refusing = false;
  #blackhole = false;
  #links = new Set();

  constructor(innerPort) {
    this.#innerPort = innerPort;
  }

  get port() {
    return this.#port;
  }

  async open(port) {
    this.#port = port;
    await this.up();
    this.#port = this.#listener.address().port;
  }

  /** Listens on the same port again, and stops refusing. */
  async up() {
    this.#refusing = false;
    if (this.#listener) return;
    const listener = net.createServer((outer) => this.#accept(outer));
    listener.listen(this.#port, '127.0.0.1');
    await once(listener, 'listening');
    this.#listener = listener;
  }

  /** Closes the port and every connection. */
  async down() {
    const listener = this.#listener;
    this.#listener = null;
    if (!listener) return;
    const closed = once(listener, 'close');
    listener.close();
    this.#destroyAll();
    await closed;
  }

  /** Ends every connection, and each new one as soon as it is accepted. */
  refuse() {
    this.#refusing = true;
    this.#destroyAll();
  }

  /** On: connections stay open, nothing is read or written, new ones hang. */
  setBlackhole(on) {
    if (on === this.#blackhole) return;
    this.#blackhole = on;
    for (const link of this.#links) {
      if (on) part(link);
      else this.#join(link);
    }
  }

  async reset() {
    this.setBlackhole(false);
    await this.up();
  }

  report() {
    return {
      listening: this.#listener !== null,
      refusing: this.#refusing,
      blackhole: this.#blackhole,
      connections: this.#links.size,
    };
  }

  #destroyAll() {
    for (const { outer } of this.#links) outer.destroy();
  }

  #accept(outer) {
    if (this.#refusing) {
      outer.destroy();
      return;
    }
    const link = { outer, inner: null };
    this.#links.add(link);
    outer.setNoDelay(true);
    // A reset by the peer is followed by 'close', which is all that matters.
    outer.on('error', () => {});
    outer.on('close', () => {
      this.#links.delete(link);
      link.inner?.destroy();
    });
    if (!this.#blackhole) this.#join(link);
  }

  #join(link) {
    const { outer } = link;
    if (!link.inner) {
      link.inner = net.connect({ port: this.#innerPort, host: '127.0.0.1', noDelay: true });
      link.inner.on('error', () => {});
      link.inner.on('close', () => outer.destroySoon());
    }
    outer.pipe(link.inner);
    link.inner.pipe(outer);
  }
}

function part({ outer, inner }) {
  if (!inner) return;
  outer.unpipe(inner);
  inner.unpipe(outer);
  outer.pause();
  inner.pause();
}
