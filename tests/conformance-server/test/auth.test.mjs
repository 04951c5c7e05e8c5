import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import { CODE, PASSWORD, startDouble } from './support.mjs';

let double;
let token;
before(async () => {
  double = await startDouble();
});
after(() => double.stop());
beforeEach(async () => {
  token = await double.begin();
});

const post = (path, body, more) => double.request('POST', path, { body, ...more });
const claimsOf = (jwt) => JSON.parse(Buffer.from(jwt.split('.')[1], 'base64url').toString());

test('login answers with the stored spelling, tokens and totals', async () => {
  const { status, json } = await post('/api/auth/login', { client_code: 'cli001', password: PASSWORD });
  assert.equal(status, 200);
  assert.deepEqual(Object.keys(json), ['success', 'message', 'client', 'isAdmin', 'redirectTo', 'tokens', 'stats']);
  assert.deepEqual(Object.keys(json.client), [
    'id', 'client_code', 'company_name', 'email', 'phone', 'status', 'created_at', 'updated_at',
  ]);
  assert.equal(json.client.client_code, CODE);
  assert.equal(json.isAdmin, false);
  assert.equal(json.tokens.expiresIn, '24h');
  assert.deepEqual(json.stats, {
    totalContacts: 0, totalConversations: 0, totalMessages: 0, botMessages: 0, manualMessages: 0, totalTemplates: 0,
  });
  const access = claimsOf(json.tokens.accessToken);
  assert.deepEqual(Object.keys(access), [
    'id', 'clientCode', 'companyName', 'status', 'type', 'iat', 'exp', 'aud', 'iss',
  ]);
  assert.equal(access.exp - access.iat, 86_400);
  const refresh = claimsOf(json.tokens.refreshToken);
  assert.equal(refresh.exp - refresh.iat, 604_800);
});

test('sums in the totals are text once there is a conversation', async () => {
  await double.order('inbound', { code: CODE, phone: '5491150000001', text: 'hola' });
  const { json } = await post('/api/auth/login', { client_code: CODE, password: PASSWORD });
  assert.deepEqual(json.stats, {
    totalContacts: 1, totalConversations: 1, totalMessages: 1, botMessages: '0', manualMessages: '0', totalTemplates: 0,
  });
});

test('the tenant named Admin is sent to the backoffice', async () => {
  await double.order('tenant', { code: 'ADMIN1', password: PASSWORD, companyName: 'Admin' });
  const { json } = await post('/api/auth/login', { client_code: 'ADMIN1', password: PASSWORD });
  assert.equal(json.isAdmin, true);
  assert.equal(json.redirectTo, '/backoffice');
});

for (const [what, body] of [
  ['a missing field', { client_code: CODE }],
  ['an empty field', { client_code: '', password: '' }],
  ['a short code', { client_code: 'ab', password: PASSWORD }],
  ['a short password', { client_code: CODE, password: '12345' }],
  ['a number for text', { client_code: 12345, password: PASSWORD }],
  ['an unknown key', { client_code: CODE, password: PASSWORD, remember: true }],
]) {
  test(`login refuses ${what} with one error`, async () => {
    const { status, json } = await post('/api/auth/login', body);
    assert.equal(status, 400);
    assert.equal(json.success, false);
    assert.equal(json.errors.length, 1);
  });
}

test('wrong credentials are 401 and a suspended account 403, both without a code', async () => {
  await double.order('tenant', { code: 'PAUSA1', password: PASSWORD, status: 'suspended' });
  for (const [code, password, expected] of [
    [CODE, 'incorrecta', 401],
    ['NADIE1', PASSWORD, 401],
    ['PAUSA1', 'incorrecta', 403],
  ]) {
    const { status, json } = await post('/api/auth/login', { client_code: code, password });
    assert.equal(status, expected);
    assert.deepEqual(Object.keys(json), ['success', 'message']);
  }
});

test('refresh gives a new pair each time and revokes nothing', async () => {
  const { json: { tokens } } = await post('/api/auth/login', { client_code: CODE, password: PASSWORD });
  const first = await post('/api/auth/refresh', { refreshToken: tokens.refreshToken });
  const second = await post('/api/auth/refresh', { refreshToken: tokens.refreshToken });
  assert.deepEqual(Object.keys(first.json), ['success', 'message', 'client', 'tokens']);
  const all = [tokens, first.json.tokens, second.json.tokens].flatMap(({ accessToken, refreshToken }) => [accessToken, refreshToken]);
  assert.equal(new Set(all).size, 6);
});

test('what is no refresh token is told apart as the backend does', async () => {
  const bad = await post('/api/auth/refresh', { refreshToken: 'basura' });
  assert.deepEqual([bad.status, Object.keys(bad.json)], [401, ['error']]);
  const access = await post('/api/auth/refresh', { refreshToken: token });
  assert.deepEqual([access.status, Object.keys(access.json)], [401, ['success', 'message']]);
  const none = await post('/api/auth/refresh', {});
  assert.deepEqual([none.status, none.json.errors.length], [400, 1]);
});

test('guards name what is wrong', async () => {
  const code = async (headers) => {
    const { status, json } = await double.request('GET', '/api/auth/verify', { headers });
    return [status, json.code];
  };
  assert.deepEqual(await code({}), [401, 'TOKEN_MISSING']);
  assert.deepEqual(await code({ authorization: 'Bearer a.b.c' }), [401, 'TOKEN_INVALID']);
  assert.deepEqual(await code({ authorization: token }), [200, undefined]);
  await double.order('tenant', { code: CODE, status: 'inactive' });
  assert.deepEqual(await code({ authorization: `bearer ${token}` }), [403, 'ACCOUNT_INACTIVE']);
  await double.order('tenant', { code: CODE, deleted: true });
  assert.deepEqual(await code({ authorization: `Bearer ${token}` }), [401, 'CLIENT_NOT_FOUND']);
});

test('token-expire-all spends access tokens only, token-revoke both', async () => {
  const { json: { tokens } } = await post('/api/auth/login', { client_code: CODE, password: PASSWORD });
  await double.order('token-expire-all');
  const verify = await double.request('GET', '/api/auth/verify', { token: tokens.accessToken });
  assert.deepEqual([verify.status, verify.json.code], [401, 'TOKEN_EXPIRED']);
  const { json: renewed } = await post('/api/auth/refresh', { refreshToken: tokens.refreshToken });
  const again = await double.request('GET', '/api/auth/verify', { token: renewed.tokens.accessToken });
  assert.equal(again.status, 200);
  await double.order('token-revoke');
  const refused = await post('/api/auth/refresh', { refreshToken: tokens.refreshToken });
  assert.deepEqual([refused.status, Object.keys(refused.json)], [401, ['error']]);
});

test('token-ttl shortens the lives of new tokens', async () => {
  await double.order('token-ttl', { accessSeconds: 90, refreshSeconds: 120 });
  const { json: { tokens } } = await post('/api/auth/login', { client_code: CODE, password: PASSWORD });
  const life = ({ iat, exp }) => exp - iat;
  assert.equal(life(claimsOf(tokens.accessToken)), 90);
  assert.equal(life(claimsOf(tokens.refreshToken)), 120);
  assert.equal(tokens.expiresIn, '90s');
});

test('a database outage is UNAUTHORIZED behind guards and 500 at login and refresh', async () => {
  await double.order('unauthorized', { on: true });
  const list = await double.request('GET', '/api/messages/conversations', { token });
  assert.deepEqual([list.status, list.json.code], [401, 'UNAUTHORIZED']);
  const login = await post('/api/auth/login', { client_code: CODE, password: PASSWORD });
  assert.deepEqual([login.status, Object.keys(login.json)], [500, ['error', 'stack']]);
  assert.equal((await double.request('GET', '/health')).json.status, 'OK');
  await double.order('unauthorized', { on: false });
  assert.equal((await double.request('GET', '/api/messages/conversations', { token })).status, 200);
});

test('change-password says 401 without a code, and limits the attempts', async () => {
  const attempt = (currentPassword, newPassword) =>
    post('/api/auth/change-password', { currentPassword, newPassword, confirmPassword: newPassword }, { token });
  const wrong = await attempt('incorrecta', 'Nueva12345');
  assert.deepEqual([wrong.status, Object.keys(wrong.json)], [401, ['success', 'message']]);
  const weak = await attempt(PASSWORD, 'todominusculas');
  assert.deepEqual([weak.status, weak.json.errors.length], [400, 2]);
  const good = await attempt(PASSWORD, 'Nueva12345');
  assert.deepEqual([good.status, good.json.passwordStrength], [200, 'medium']);
  for (let count = 4; count <= 10; count += 1) await attempt('incorrecta', 'Nueva12345');
  const eleventh = await attempt('incorrecta', 'Nueva12345');
  assert.deepEqual([eleventh.status, eleventh.json.code, eleventh.json.retryAfter], [429, 'RATE_LIMIT_EXCEEDED', 900]);
});

test('profile, verify, logout and the code check have the backend\'s shapes', async () => {
  const verify = await double.request('GET', '/api/auth/verify', { token });
  assert.deepEqual(Object.keys(verify.json), ['success', 'message', 'client', 'stats', 'tokenInfo']);
  const profile = await double.request('GET', '/api/auth/profile', { token });
  assert.deepEqual(Object.keys(profile.json), ['success', 'client', 'stats', 'whatsappSession', 'botConfig']);
  const saved = await double.request('PUT', '/api/auth/profile', { token, body: { company_name: 'Otra' } });
  assert.equal(saved.json.client.company_name, 'Otra');
  const refused = await double.request('PUT', '/api/auth/profile', { token, body: { status: 'active' } });
  assert.equal(refused.status, 400);
  assert.equal((await post('/api/auth/logout', undefined, { token })).status, 200);
  assert.equal((await double.request('GET', '/api/auth/verify', { token })).status, 200);
  const used = await post('/api/auth/validate-client-code', { client_code: 'cli001' });
  assert.equal(used.json.available, false);
});
