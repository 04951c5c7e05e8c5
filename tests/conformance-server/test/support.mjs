import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { io } from 'socket.io-client';

const MAIN = fileURLToPath(new URL('../src/main.mjs', import.meta.url));

export const CODE = 'CLI001';
export const PASSWORD = 'secreto-1';
export const ANA = '5491150000001';

/** The server as a test sees it: a process, its public port, its control port. */
export async function startDouble(...args) {
  const child = spawn(process.execPath, [MAIN, ...args], { stdio: ['pipe', 'pipe', 'inherit'] });
  const [line] = await once(createInterface({ input: child.stdout }), 'line');
  const { url, control } = JSON.parse(line);
  const sockets = new Set();

  /** Gives an order on the control port; rejects unless it answers 200. */
  async function order(verb, body = {}) {
    const response = await fetch(`${control}/${verb}`, { method: 'POST', body: JSON.stringify(body) });
    const result = await response.json();
    if (!response.ok) throw new Error(`${verb}: ${response.status} ${result.error}`);
    return result;
  }

  /** An HTTP request; `json` is the body's value when it is JSON. */
  async function request(method, path, { token, body, headers = {}, signal } = {}) {
    const response = await fetch(`${url}${path}`, {
      method,
      signal,
      headers: {
        ...(token && { authorization: `Bearer ${token}` }),
        ...(body !== undefined && !(body instanceof FormData) && { 'content-type': 'application/json' }),
        ...headers,
      },
      body: body === undefined || body instanceof FormData ? body : JSON.stringify(body),
    });
    const text = await response.text();
    const isJson = response.headers.get('content-type')?.includes('json');
    return { status: response.status, headers: response.headers, text, json: isJson ? JSON.parse(text) : undefined };
  }

  /** Signs a tenant in and returns the access token. */
  async function login(code = CODE, password = PASSWORD) {
    const reply = await request('POST', '/api/auth/login', { body: { client_code: code, password } });
    return reply.json.tokens.accessToken;
  }

  /** A fresh world with one linked tenant; returns its token. */
  async function begin() {
    for (const socket of sockets) socket.disconnect();
    sockets.clear();
    await order('reset');
    await order('tenant', { code: CODE, password: PASSWORD, companyName: 'Estudio' });
    return login();
  }

  /** A socket in the tenant's room, once the server has it there. */
  async function listen(code = CODE, options = {}) {
    const socket = io(url, { transports: ['websocket'], forceNew: true, reconnection: false, ...options });
    sockets.add(socket);
    const inbox = new Inbox(socket);
    await once(socket, 'connect');
    socket.emit('join_client_room', code);
    // Packets of a socket are handled in order, so an event to the room that
    // arrives shows that the join before it was handled.
    await inbox.until((events) => events.some(({ event }) => event === 'probe'), () =>
      order('emit-raw', { code, event: 'probe', payload: null }));
    inbox.clear();
    return { socket, inbox };
  }

  async function stop() {
    for (const socket of sockets) socket.disconnect();
    const exited = once(child, 'exit');
    child.stdin.end();
    const [exitCode] = await exited;
    return exitCode;
  }

  return { url, control, child, order, request, login, begin, listen, stop };
}

/** The events that a socket received, in order. */
export class Inbox {
  #events = [];
  #waiting = [];

  constructor(socket) {
    socket.onAny((event, ...args) => {
      this.#events.push({ event, payload: args[0], args });
      for (const check of [...this.#waiting]) check();
    });
  }

  clear() {
    this.#events = [];
  }

  get events() {
    return [...this.#events];
  }

  named(name) {
    return this.#events.filter(({ event }) => event === name).map(({ payload }) => payload);
  }

  /** Resolves when `done(events)` holds; `nudge`, if given, is repeated meanwhile. */
  until(done, nudge) {
    return new Promise((resolve) => {
      const timer = nudge && setInterval(nudge, 20);
      const check = () => {
        if (!done(this.events)) return;
        clearInterval(timer);
        this.#waiting = this.#waiting.filter((other) => other !== check);
        resolve(this.events);
      };
      this.#waiting.push(check);
      check();
    });
  }

  /** The first payload of an event, now or later. */
  async first(name) {
    await this.until((events) => events.some(({ event }) => event === name));
    return this.named(name)[0];
  }

  /** Resolves when `count` events of the name are here. */
  async count(name, count) {
    await this.until((events) => events.filter(({ event }) => event === name).length >= count);
    return this.named(name);
  }
}
