/** The HTTP requests that arrived since the last reset. */
export class Journal {
  #entries = [];
  #perConnection = new WeakMap();

  reset() {
    this.#entries = [];
  }

  /**
   * Notes each request, and its outcome: a status, `dropped` when the
   * connection ended without an answer, or null while it is open.
   * `onConnection` is the request's place on its connection, from 1: more
   * than 1 proves that the connection was kept alive.
   */
  record() {
    return (req, res, next) => {
      const onConnection = (this.#perConnection.get(req.socket) ?? 0) + 1;
      this.#perConnection.set(req.socket, onConnection);
      const entry = {
        at: new Date().toISOString(),
        method: req.method,
        path: req.url,
        pattern: patternOf(req.path),
        status: null,
        onConnection,
      };
      this.#entries.push(entry);
      res.on('finish', () => {
        entry.status = res.statusCode;
      });
      res.on('close', () => {
        entry.status ??= 'dropped';
      });
      next();
    };
  }

  report() {
    const counts = {};
    for (const { method, pattern } of this.#entries) {
      const key = `${method} ${pattern}`;
      counts[key] = (counts[key] ?? 0) + 1;
    }
    return { total: this.#entries.length, counts, list: this.#entries };
  }
}

function patternOf(path) {
  return path.replace(/\/\d+(?=\/|$)/g, '/:id').replace(/^(\/api\/whatsapp\/qr(?:-json)?)\/.+$/, '$1/:clientCode');
}
