import { Server } from 'socket.io';
import { requireCount } from './faults.mjs';
import { FRONTEND } from './headers.mjs';

/** A held event goes out after this long even if its companions never come. */
const REORDER_PATIENCE_MS = 1000;

/**
 * The live side: rooms that anybody may join, events without replay, and the
 * faults that lose, double or swap events.
 */
export class Sockets {
  #io;
  #faults = [];
  #held = null;
  #joins = [];
  #handshakes = [];
  #maxAlive = 0;

  constructor({ httpServer, basePath, pingInterval, pingTimeout }) {
    this.#io = new Server(httpServer, {
      path: `${basePath}/socket.io`,
      cors: { origin: FRONTEND, methods: ['GET', 'POST'], credentials: true },
      pingInterval,
      pingTimeout,
    });
    this.#io.on('connection', (socket) => this.#welcome(socket));
  }

  #welcome(socket) {
    this.#handshakes.push({
      at: new Date().toISOString(),
      transport: socket.conn.transport.name,
      auth: socket.handshake.auth,
    });
    this.#maxAlive = Math.max(this.#maxAlive, this.#io.sockets.sockets.size);
    // Whatever is sent is taken for a code, nobody checks whose, and an ack
    // that is asked for is not given.
    socket.on('join_client_room', (code) => {
      this.#joins.push({ at: new Date().toISOString(), code });
      socket.join(roomOf(code));
    });
  }

  /** Emits to a tenant's room, through the faults that were ordered. */
  emit(code, event, payload) {
    const fault = this.#faults.find((candidate) => candidate.event === '*' || candidate.event === event);
    if (!fault) {
      this.emitRaw(roomOf(code), event, [payload]);
      return;
    }
    fault.left -= 1;
    if (fault.left <= 0) this.#faults.splice(this.#faults.indexOf(fault), 1);
    if (fault.kind === 'drop') return;
    if (fault.kind === 'duplicate') {
      this.emitRaw(roomOf(code), event, [payload]);
      this.emitRaw(roomOf(code), event, [payload]);
      return;
    }
    this.#hold({ room: roomOf(code), event, payload }, fault.left <= 0);
  }

  emitRaw(room, event, args) {
    this.#io.to(room).emit(event, ...args);
  }

  /** The next `count` events named `event` are dropped, doubled or reversed. */
  orderFault(kind, { count = 1, event = 'message:new' }) {
    requireCount(count);
    this.#faults.push({ kind, left: count, event });
  }

  #hold(emission, isLast) {
    if (!this.#held) {
      const timer = setTimeout(() => this.#release(), REORDER_PATIENCE_MS);
      this.#held = { emissions: [], timer };
    }
    this.#held.emissions.push(emission);
    if (isLast) this.#release();
  }

  #release() {
    if (!this.#held) return;
    const { emissions, timer } = this.#held;
    this.#held = null;
    clearTimeout(timer);
    for (const { room, event, payload } of emissions.reverse()) this.emitRaw(room, event, [payload]);
  }

  /**
   * Cuts every live socket and waits until the server knows. `polite` sends
   * the protocol's farewell first; else the transport just ends.
   */
  async kick(polite) {
    const sockets = [...this.#io.sockets.sockets.values()];
    const gone = sockets.map((socket) => new Promise((resolve) => {
      socket.once('disconnect', resolve);
    }));
    for (const socket of sockets) {
      if (polite) socket.disconnect(true);
      else if (socket.conn.transport.name === 'websocket') socket.conn.transport.socket.terminate();
      else socket.conn.close(true);
    }
    await Promise.all(gone);
    return sockets.length;
  }

  async reset() {
    this.#faults = [];
    this.#release();
    await this.kick(false);
    this.resetCounters();
  }

  resetCounters() {
    this.#joins = [];
    this.#handshakes = [];
    this.#maxAlive = this.#io.sockets.sockets.size;
  }

  report() {
    const { sockets, adapter } = this.#io.sockets;
    const rooms = {};
    for (const [room, members] of adapter.rooms) {
      if (!sockets.has(room)) rooms[room] = members.size;
    }
    return {
      live: sockets.size,
      rooms,
      maxAlive: this.#maxAlive,
      connections: this.#handshakes.length,
      joins: this.#joins.length,
      joinList: this.#joins,
      handshakes: this.#handshakes,
    };
  }

  async close() {
    await this.#io.close();
  }
}

/** Spelling and case matter, unlike in the login. */
export function roomOf(code) {
  return `client_${code}`;
}
