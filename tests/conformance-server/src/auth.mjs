import express from 'express';
import { iso } from './clock.mjs';
import { refuse, thrown } from './replies.mjs';
import { accountStatsShape, clientShape } from './shapes.mjs';
import { TokenRefused } from './tokens.mjs';

const BAD_INPUT = 'Los datos enviados no son válidos';
const PASSWORD_TRIES = 10;
const PASSWORD_WINDOW_MS = 15 * 60 * 1000;

/**
 * Token checks and `/api/auth`. `outage.on` is a database that is away:
 * guarded routes answer `UNAUTHORIZED`, login and refresh fail.
 */
export function createAuth({ state, tokens, outage }) {
  const guard = createGuard({ state, tokens, outage });
  const router = express.Router();

  router.post('/login', needsDatabase(outage), checked(LOGIN_FIELDS, BAD_INPUT), (req, res) => {
    const tenant = state.tenant(req.body.client_code);
    if (!tenant) return refuse(res, 401, 'Código o contraseña incorrectos');
    if (tenant.status !== 'active') return refuse(res, 403, 'La cuenta está inactiva');
    if (tenant.password !== req.body.password) return refuse(res, 401, 'Código o contraseña incorrectos');
    const isAdmin = tenant.companyName === 'Admin';
    return res.json({
      success: true,
      message: 'Sesión iniciada',
      client: clientShape(tenant),
      isAdmin,
      redirectTo: isAdmin ? '/backoffice' : '/dashboard',
      tokens: tokens.pairFor(tenant),
      stats: accountStatsShape(tenant),
    });
  });

  const refreshFields = checked(REFRESH_FIELDS, 'Falta el token de renovación');
  router.post('/refresh', needsDatabase(outage), refreshFields, (req, res) => {
    let claims;
    try {
      claims = tokens.read(req.body.refreshToken);
    } catch (error) {
      if (!(error instanceof TokenRefused)) throw error;
      return res.status(401).json({ error: refusalText(error) });
    }
    const tenant = state.tenantById(claims.id);
    if (claims.type !== 'refresh' || !tenant) return refuse(res, 401, 'El token de renovación no sirve');
    if (tenant.status !== 'active') throw thrown('La cuenta está inactiva');
    return res.json({
      success: true,
      message: 'Sesión renovada',
      client: clientShape(tenant),
      tokens: tokens.pairFor(tenant),
    });
  });

  router.post('/validate-client-code', (req, res) => {
    const problem = firstProblem(CODE_FIELDS, req.body);
    if (problem) return refuse(res, 400, problem, { available: false });
    const available = !state.tenant(req.body.client_code);
    return res.json({ success: true, available, message: available ? 'El código está libre' : 'El código está en uso' });
  });

  router.get('/verify', guard, (req, res) => {
    const { iat, exp, iss, aud } = req.claims;
    res.json({
      success: true,
      message: 'El token es válido',
      client: clientShape(req.tenant),
      stats: accountStatsShape(req.tenant),
      tokenInfo: { issuedAt: iso(iat * 1000), expiresAt: iso(exp * 1000), issuer: iss, audience: aud },
    });
  });

  router.post('/logout', guard, (_req, res) => {
    res.json({ success: true, message: 'Sesión cerrada' });
  });

  router.get('/profile', guard, (req, res) => {
    res.json({
      success: true,
      client: clientShape(req.tenant),
      stats: accountStatsShape(req.tenant),
      whatsappSession: sessionShape(req.tenant),
      botConfig: null,
    });
  });

  router.put('/profile', guard, checked(PROFILE_FIELDS, BAD_INPUT), (req, res) => {
    const { company_name: companyName, email, phone } = req.body;
    const tenant = state.putTenant({ code: req.tenant.code, companyName, email, phone });
    res.json({ success: true, message: 'Perfil guardado', client: clientShape(tenant) });
  });

  router.post('/change-password', guard, tries(), checked(PASSWORD_FIELDS, BAD_INPUT), (req, res) => {
    const { currentPassword, newPassword, confirmPassword } = req.body;
    if (newPassword !== confirmPassword) {
      return refuse(res, 400, BAD_INPUT, { errors: ['Las dos contraseñas difieren'] });
    }
    const strength = strengthOf(newPassword);
    const errors = weaknesses(newPassword);
    if (errors.length > 0) return refuse(res, 400, 'La contraseña nueva es débil', { errors, strength });
    if (req.tenant.password !== currentPassword) return refuse(res, 401, 'La contraseña actual no coincide');
    req.tenant.password = newPassword;
    return res.json({ success: true, message: 'Contraseña cambiada', passwordStrength: strength });
  });

  router.get('/health', (_req, res) => {
    res.json({ module: 'auth', status: 'OK', timestamp: new Date().toISOString(), endpoints: ENDPOINTS });
  });

  return { guard, router };
}

const ENDPOINTS = {
  public: ['POST /api/auth/login', 'POST /api/auth/refresh', 'POST /api/auth/validate-client-code'],
  protected: [
    'GET /api/auth/verify',
    'POST /api/auth/logout',
    'GET /api/auth/profile',
    'PUT /api/auth/profile',
    'POST /api/auth/change-password',
  ],
};

/** Puts `tenant` and `claims` on the request, or answers with a code of 2.3. */
function createGuard({ state, tokens, outage }) {
  return (req, res, next) => {
    const reject = (status, code, message) => res.status(status).json({ success: false, message, code });
    const token = req.get('authorization')?.replace(/^bearer\s+/i, '');
    if (!token) return reject(401, 'TOKEN_MISSING', 'Falta el token de acceso');
    try {
      req.claims = tokens.read(token);
    } catch (error) {
      if (!(error instanceof TokenRefused)) throw error;
      const code = error.reason === 'expired' ? 'TOKEN_EXPIRED' : 'TOKEN_INVALID';
      return reject(401, code, refusalText(error));
    }
    if (outage.on) return reject(401, 'UNAUTHORIZED', 'Sin autorización');
    req.tenant = state.tenantById(req.claims.id);
    if (!req.tenant) return reject(401, 'CLIENT_NOT_FOUND', 'La cuenta ya no existe');
    if (req.tenant.status !== 'active') return reject(403, 'ACCOUNT_INACTIVE', 'La cuenta está inactiva');
    return next();
  };
}

function needsDatabase(outage) {
  return (_req, _res, next) => {
    next(outage.on ? thrown('connect ECONNREFUSED: la base de datos no responde') : undefined);
  };
}

function refusalText({ reason }) {
  return reason === 'expired' ? 'El token venció' : 'El token no es válido';
}

function sessionShape({ session }) {
  if (!session) return null;
  return {
    id: session.id,
    phone_number: session.phoneNumber,
    status: session.status,
    connected_at: iso(session.connectedAt),
    last_activity: iso(session.lastActivity),
  };
}

/** Counts a tenant's attempts to change the password, good or bad. */
function tries() {
  const windows = new Map();
  return (req, res, next) => {
    const now = Date.now();
    let window = windows.get(req.tenant.id);
    if (!window || now >= window.endsAt) window = { used: 0, endsAt: now + PASSWORD_WINDOW_MS };
    windows.set(req.tenant.id, window);
    window.used += 1;
    if (window.used <= PASSWORD_TRIES) return next();
    const code = 'RATE_LIMIT_EXCEEDED';
    return res.status(429).json({ success: false, message: 'Demasiados intentos', code, retryAfter: 900 });
  };
}

const LOGIN_FIELDS = {
  client_code: { required: true, min: 3, max: 50 },
  password: { required: true, min: 6 },
};
const REFRESH_FIELDS = { refreshToken: { required: true } };
const CODE_FIELDS = { client_code: { required: true, min: 3, max: 50, pattern: /^[A-Za-z0-9_-]+$/ } };
const PROFILE_FIELDS = {
  company_name: { min: 2, max: 255 },
  email: { pattern: /^[^@\s]+@[^@\s]+\.[^@\s]+$/ },
  phone: { pattern: /^\+?[1-9]\d{1,14}$/ },
};
const PASSWORD_FIELDS = {
  currentPassword: { required: true },
  newPassword: { required: true, min: 8 },
  confirmPassword: { required: true },
};

/** A body that has exactly the allowed keys, or 400 with the first problem. */
function checked(fields, message) {
  return (req, res, next) => {
    const problem = firstProblem(fields, req.body);
    if (problem) return refuse(res, 400, message, { errors: [problem] });
    return next();
  };
}

/** Known keys in their order first, unknown ones last. */
function firstProblem(fields, body) {
  for (const [key, rule] of Object.entries(fields)) {
    const problem = problemOf(body[key], rule);
    if (problem) return `"${key}" ${problem}`;
  }
  const unknown = Object.keys(body).find((key) => !Object.hasOwn(fields, key));
  return unknown === undefined ? null : `"${unknown}" no se admite`;
}

function problemOf(value, { required = false, min = 1, max = Infinity, pattern }) {
  if (value === undefined) return required ? 'es obligatorio' : null;
  if (typeof value !== 'string') return 'debe ser texto';
  if (value === '') return 'no puede estar vacío';
  if (value.length < min) return `necesita ${min} caracteres o más`;
  if (value.length > max) return `admite ${max} caracteres como máximo`;
  return pattern && !pattern.test(value) ? 'tiene un formato que no se admite' : null;
}

function weaknesses(password) {
  const problems = [];
  if (!/[a-z]/.test(password)) problems.push('Falta una minúscula');
  if (!/[A-Z]/.test(password)) problems.push('Falta una mayúscula');
  if (!/\d/.test(password)) problems.push('Falta un número');
  if (password.length > 128) problems.push('Es demasiado larga');
  return problems;
}

function strengthOf(password) {
  const kinds = [/[a-z]/, /[A-Z]/, /\d/, /[^A-Za-z0-9]/].filter((kind) => kind.test(password)).length;
  if (password.length >= 12 && kinds === 4) return 'very-strong';
  if (password.length >= 12 && kinds >= 3) return 'strong';
  return kinds >= 2 ? 'medium' : 'weak';
}
