import { pause } from './clock.mjs';

/** What a send can be made to do; README.md says what each means. */
export const SEND_FAULT_MODES = new Set([
  '500-before',
  '500-after',
  'drop-before',
  'drop-after',
  'stall-before',
  'stall-after',
  '502-html',
  '502-html-after',
  'no-echo',
  '400',
  'slow',
]);

const BAD_GATEWAY_PAGE = '<html><head><title>502 Bad Gateway</title></head><body>502</body></html>';

/** Faults that were ordered and not used up yet, in the order they came. */
export class Faults {
  #sends = [];
  #http = [];

  reset() {
    this.#sends = [];
    this.#http = [];
  }

  orderSend({ mode, count = 1, delayMs = 0, echo = true, store = true }) {
    if (!SEND_FAULT_MODES.has(mode)) throw new TypeError(`unknown send fault: ${mode}`);
    requireCount(count);
    this.#sends.push({ mode, left: count, delayMs, echo, store });
  }

  orderHttp({ match, status, body, count = 1, headers = {}, delayMs = 0 }) {
    const answers = status === 'drop' || (Number.isInteger(status) && status >= 200 && status <= 599);
    if (!answers) throw new TypeError(`status is "drop" or 200 to 599, not ${status}`);
    requireCount(count);
    this.#http.push({ pattern: new RegExp(match), status, body, left: count, headers, delayMs });
  }

  /** The fault for the send at hand, or null. Uses it up. */
  takeSend() {
    return take(this.#sends, () => true);
  }

  /** Faults still waiting. */
  pending() {
    const left = (queue) => queue.reduce((sum, fault) => sum + fault.left, 0);
    return { sends: left(this.#sends), http: left(this.#http) };
  }

  /** Answers in the route's stead when an HTTP fault matches `METHOD /path?query`. */
  intercept() {
    return async (req, res, next) => {
      const line = `${req.method} ${req.url}`;
      const fault = take(this.#http, ({ pattern }) => pattern.test(line));
      if (!fault) {
        next();
        return;
      }
      await pause(fault.delayMs);
      if (fault.status === 'drop') {
        drop(res);
        return;
      }
      res.status(fault.status).set(fault.headers);
      if (typeof fault.body === 'string') res.type('html').send(fault.body);
      else res.json(fault.body ?? { error: 'falla pedida' });
    };
  }
}

/** @throws {TypeError} unless it is an integer of 1 or more */
export function requireCount(count) {
  if (!Number.isInteger(count) || count < 1) throw new TypeError(`count is 1 or more, not ${count}`);
}

function take(queue, matches) {
  const index = queue.findIndex(matches);
  if (index < 0) return null;
  const fault = queue[index];
  fault.left -= 1;
  if (fault.left <= 0) queue.splice(index, 1);
  return fault;
}

/** Cuts the TCP connection without an answer. */
export function drop(res) {
  res.socket?.destroy();
}

/** The page of a proxy in front of the backend. */
export function badGateway(res) {
  res.status(502).type('html').send(BAD_GATEWAY_PAGE);
}
