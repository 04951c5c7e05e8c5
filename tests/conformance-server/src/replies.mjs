/** The error bodies, named as in the contract's table of forms. */

/** E2: what most handlers write themselves. */
export function refuse(res, status, message, more = {}) {
  res.status(status).json({ success: false, message, ...more });
}

/** The error of a thrown exception, for the global handler. */
export function thrown(message) {
  return new Error(message);
}

/** E8: no such route or file. */
export function notFound(req, res) {
  res.status(404).json({ error: 'No existe esa ruta', path: req.url, method: req.method });
}

/** E6: the global handler outside production. */
export function globalError(error, _req, res, _next) {
  res.status(error.status ?? 500).json({ error: error.message, stack: error.stack });
}

/** A path or query integer, parsed as loosely as the backend does. */
export function looseInteger(value) {
  return Number.parseInt(value, 10);
}

/**
 * LIMIT and OFFSET as they would reach SQL.
 *
 * @throws {Error} where the database would refuse them: no number, or negative
 */
export function page(query) {
  const limit = looseInteger(query.limit ?? '50');
  const offset = looseInteger(query.offset ?? '0');
  for (const value of [limit, offset]) {
    if (Number.isNaN(value) || value < 0) throw thrown(`LIMIT u OFFSET no válido: ${value}`);
  }
  return { limit, offset };
}
