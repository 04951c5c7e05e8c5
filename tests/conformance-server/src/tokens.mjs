import { randomBytes } from 'node:crypto';
import jwt from 'jsonwebtoken';

const ISSUER = 'crm-condorito';
const AUDIENCE = 'crm-client';
const DEFAULT_LIFE = { accessSeconds: 86_400, refreshSeconds: 604_800 };

/** What is wrong with a token: `expired` or `invalid`. */
export class TokenRefused extends Error {
  constructor(reason) {
    super(reason);
    this.name = 'TokenRefused';
    this.reason = reason;
  }
}

/** Issues and reads the backend's tokens. Nothing is ever revoked but by order. */
export class Tokens {
  #secret;
  #life;
  #issued;
  #spent;
  #serial = 0;

  constructor() {
    this.reset();
  }

  /** With a new secret: what was issued before is invalid. */
  reset() {
    this.#secret = randomBytes(32);
    this.#life = DEFAULT_LIFE;
    this.#issued = { access: new Set(), refresh: new Set() };
    this.#spent = new Set();
  }

  setLife({ accessSeconds, refreshSeconds }) {
    this.#life = {
      accessSeconds: accessSeconds ?? this.#life.accessSeconds,
      refreshSeconds: refreshSeconds ?? this.#life.refreshSeconds,
    };
  }

  /** A new pair, shaped as `tokens` in the login reply. */
  pairFor(tenant) {
    const { accessSeconds, refreshSeconds } = this.#life;
    const identity = { id: tenant.id, clientCode: tenant.code };
    const { companyName, status } = tenant;
    return {
      accessToken: this.#sign({ ...identity, companyName, status, type: 'access' }, accessSeconds),
      refreshToken: this.#sign({ ...identity, type: 'refresh' }, refreshSeconds),
      expiresIn: accessSeconds % 3600 === 0 ? `${accessSeconds / 3600}h` : `${accessSeconds}s`,
    };
  }

  #sign(claims, seconds) {
    this.#serial += 1;
    const token = jwt.sign(claims, this.#secret, {
      expiresIn: seconds,
      issuer: ISSUER,
      audience: AUDIENCE,
      // Two tokens of one second would be the same text, and could not be
      // spent apart; the claims stay as they are on the real backend.
      keyid: String(this.#serial),
    });
    this.#issued[claims.type].add(token);
    return token;
  }

  /**
   * The claims of a good token, of either type: nobody looks.
   *
   * @throws {TokenRefused}
   */
  read(token) {
    if (this.#spent.has(token)) throw new TokenRefused('expired');
    try {
      return jwt.verify(token, this.#secret, { issuer: ISSUER, audience: AUDIENCE });
    } catch (error) {
      throw new TokenRefused(error instanceof jwt.TokenExpiredError ? 'expired' : 'invalid');
    }
  }

  /** Every token of the type that was issued so far counts as expired. */
  expireAll(type) {
    const issued = this.#issued[type];
    for (const token of issued) this.#spent.add(token);
    const count = issued.size;
    issued.clear();
    return count;
  }
}
