const TOO_MANY = { error: 'Demasiadas solicitudes desde esta dirección, espera unos minutos.' };

/**
 * The global limiter: every request under `/api/` counts, whatever becomes of
 * it. One bucket, since every caller comes from the loopback address.
 */
export class Limiter {
  #max;
  #windowMs;
  #initial;
  #used = 0;
  #resetAt = 0;

  constructor({ max, windowSeconds }) {
    this.#initial = { max, windowSeconds };
    this.reset();
  }

  reset() {
    this.configure(this.#initial);
  }

  configure({ max, windowSeconds }) {
    this.#max = max ?? this.#max;
    this.#windowMs = windowSeconds === undefined ? this.#windowMs : windowSeconds * 1000;
    this.#used = 0;
    this.#resetAt = 0;
  }

  /** Uses up the window, which then ends in `seconds`. */
  exhaust(seconds) {
    this.#used = this.#max;
    this.#resetAt = Date.now() + seconds * 1000;
  }

  count() {
    return (_req, res, next) => {
      const now = Date.now();
      if (now >= this.#resetAt) {
        this.#used = 0;
        this.#resetAt = now + this.#windowMs;
      }
      this.#used += 1;
      res.set({
        'X-RateLimit-Limit': String(this.#max),
        'X-RateLimit-Remaining': String(Math.max(0, this.#max - this.#used)),
        'X-RateLimit-Reset': String(Math.ceil(this.#resetAt / 1000)),
      });
      if (this.#used <= this.#max) {
        next();
        return;
      }
      res.set('Retry-After', String(Math.ceil((this.#resetAt - now) / 1000)));
      res.status(429).json(TOO_MANY);
    };
  }
}
