/** The web client's origin, the only one that CORS lets in. */
export const FRONTEND = 'http://localhost:4200';

/** The headers that CORS and Helmet put on every reply, and the preflight. */
export function commonHeaders(req, res, next) {
  res.set({
    'Access-Control-Allow-Origin': FRONTEND,
    'Access-Control-Allow-Credentials': 'true',
    Vary: 'Origin',
    'Cross-Origin-Resource-Policy': 'same-origin',
    'X-Content-Type-Options': 'nosniff',
  });
  if (req.method === 'OPTIONS') {
    res.status(204).set('Content-Length', '0').end();
    return;
  }
  next();
}
