import assert from 'node:assert/strict';
import { once } from 'node:events';
import http from 'node:http';
import net from 'node:net';
import { after, before, beforeEach, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { ANA, CODE, startDouble } from './support.mjs';

let double;
let token;
before(async () => {
  double = await startDouble('--ping-interval', '200', '--ping-timeout', '200');
});
after(() => double.stop());
beforeEach(async () => {
  token = await double.begin();
});

const send = (message, more = {}) =>
  double.request('POST', '/api/whatsapp/send-message', { token, body: { to: ANA, message }, ...more });
const delivered = async () => (await double.order('deliveries', { code: CODE })).deliveries.map(({ text }) => text);
const stored = async () => {
  const { conversations } = await double.order('state', { code: CODE });
  return conversations.flatMap(({ messages }) => messages.map(({ content }) => content));
};

/** What a send came to: its status, or `lost` when no answer came. */
const outcome = async (message) => {
  try {
    return (await send(message)).status;
  } catch {
    return 'lost';
  }
};

for (const { mode, seen, reached } of [
  { mode: '400', seen: 400, reached: false },
  { mode: '500-before', seen: 500, reached: false },
  { mode: '500-after', seen: 500, reached: true },
  { mode: 'drop-before', seen: 'lost', reached: false },
  { mode: 'drop-after', seen: 'lost', reached: true },
  { mode: '502-html', seen: 502, reached: false },
  { mode: '502-html-after', seen: 502, reached: true },
  { mode: 'slow', seen: 200, reached: true },
]) {
  test(`send-fault ${mode} shows ${seen} and ${reached ? 'delivers' : 'delivers nothing'}`, async () => {
    const { inbox } = await double.listen();
    await double.order('send-fault', { mode, count: 1, delayMs: 10 });
    assert.equal(await outcome('con falla'), seen);
    assert.equal(await outcome('sin falla'), 200);
    const expected = reached ? ['con falla', 'sin falla'] : ['sin falla'];
    assert.deepEqual(await delivered(), expected);
    assert.deepEqual(await stored(), expected);
    const echoes = await inbox.count('message:new', expected.length);
    assert.deepEqual(echoes.map(({ message }) => message.content), expected);
  });
}

for (const [mode, expected] of [['stall-before', []], ['stall-after', ['quieto']]]) {
  test(`send-fault ${mode} never answers`, async () => {
    await double.order('send-fault', { mode });
    await assert.rejects(send('quieto', { signal: AbortSignal.timeout(150) }), { name: 'TimeoutError' });
    assert.deepEqual(await delivered(), expected);
  });

  test(`send-fault ${mode} hangs up after a delay when one is given`, async () => {
    await double.order('send-fault', { mode, delayMs: 50 });
    assert.equal(await outcome('quieto'), 'lost');
  });
}

test('send-fault no-echo stores and answers, but the event is lost', async () => {
  const { inbox } = await double.listen();
  await double.order('send-fault', { mode: 'no-echo' });
  assert.equal(await outcome('sin eco'), 200);
  assert.deepEqual(await stored(), ['sin eco']);
  await send('con eco');
  const [echo] = await inbox.count('message:new', 1);
  assert.equal(echo.message.content, 'con eco');
});

test('send-fault no-echo on a file is a message that never enters the history', async () => {
  const { inbox } = await double.listen();
  await double.order('send-fault', { mode: 'no-echo' });
  const seen = [];
  for (const caption of ['sin informe', 'con informe']) {
    const form = new FormData();
    form.set('to', ANA);
    form.set('caption', caption);
    form.set('document', new File(['%PDF-1.4'], 'a.pdf', { type: 'application/pdf' }));
    seen.push((await double.request('POST', '/api/whatsapp/send-document', { token, body: form })).status);
  }
  assert.deepEqual(seen, [200, 200]);
  assert.equal((await inbox.first('message:new')).message.content, 'con informe');
  assert.deepEqual(await delivered(), ['sin informe', 'con informe']);
  assert.deepEqual(await stored(), ['con informe']);
});

test('a fault can leave a delivered text out of the history', async () => {
  await double.order('send-fault', { mode: '500-after', store: false });
  assert.equal(await outcome('perdido'), 500);
  assert.deepEqual([await delivered(), await stored()], [['perdido'], []]);
});

test('send faults are used up in the order they were given', async () => {
  await double.order('send-fault', { mode: '400', count: 2 });
  await double.order('send-fault', { mode: '500-before', count: 1 });
  const seen = [];
  for (const text of ['a', 'b', 'c', 'd']) seen.push(await outcome(text));
  assert.deepEqual(seen, [400, 400, 500, 200]);
});

test('drop-after cuts a kept-alive connection once the request was read', async () => {
  const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
  const onAgent = (method, path, body) => new Promise((resolve, reject) => {
    const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
    const request = http.request(`${double.url}${path}`, { method, agent, headers }, (response) => {
      response.resume();
      response.on('end', () => resolve(response.statusCode));
    });
    request.on('error', reject);
    request.end(body && JSON.stringify(body));
  });
  await double.order('reset', { only: 'counters' });
  assert.equal(await onAgent('GET', '/api/messages/conversations'), 200);
  await double.order('send-fault', { mode: 'drop-after' });
  await assert.rejects(onAgent('POST', '/api/whatsapp/send-message', { to: ANA, message: 'una vez' }), {
    code: 'ECONNRESET',
  });
  agent.destroy();
  const { list, counts } = await double.order('requests');
  const cut = list.at(-1);
  assert.deepEqual([cut.onConnection, cut.status], [2, 'dropped']);
  assert.deepEqual(counts, { 'GET /api/messages/conversations': 1, 'POST /api/whatsapp/send-message': 1 });
  assert.deepEqual(await delivered(), ['una vez']);
});

test('http-fault answers for the route it matches, as often as ordered', async () => {
  await double.order('http-fault', { match: '^GET /api/messages/conversations', status: 503, body: { error: 'x' }, count: 2 });
  await double.order('http-fault', { match: '/verify$', status: 'drop' });
  const list = () => double.request('GET', '/api/messages/conversations?limit=1', { token });
  assert.deepEqual([(await list()).status, (await list()).status, (await list()).status], [503, 503, 200]);
  await assert.rejects(double.request('GET', '/api/auth/verify', { token }));
  assert.equal((await double.request('GET', '/api/auth/verify', { token })).status, 200);
});

test('kick cuts live sockets, rudely or politely', async () => {
  for (const [polite, reason] of [[false, 'transport close'], [true, 'io server disconnect']]) {
    const { socket } = await double.listen();
    const gone = once(socket, 'disconnect');
    assert.deepEqual(await double.order('kick', { polite }), { kicked: 1 });
    assert.equal((await gone)[0], reason);
    assert.equal((await double.order('sockets')).live, 0);
  }
});

test('down closes the port and all connections, up opens the same port', async () => {
  const { socket } = await double.listen();
  const gone = once(socket, 'disconnect');
  await double.order('down');
  await gone;
  await assert.rejects(double.request('GET', '/health'));
  assert.equal((await double.order('network')).listening, false);
  await double.order('up');
  assert.equal((await double.request('GET', '/health')).status, 200);
  await double.listen();
});

test('a restart forgets links and the limiter, and nothing else', async () => {
  await send('hola');
  await double.order('down');
  await double.order('up', { restarted: true });
  const { json, headers } = await double.request('GET', '/api/whatsapp/status', { token });
  assert.deepEqual([json.status, json.session.status], ['not_initialized', 'connected']);
  assert.equal(headers.get('x-ratelimit-remaining'), '499');
  assert.equal(await outcome('otra'), 400);
  const { inbox } = await double.listen();
  const { json: connected } = await double.request('POST', '/api/whatsapp/connect', { token });
  assert.equal(connected.status, 'connected');
  await inbox.first('whatsapp:connection_completed');
});

test('refuse accepts and hangs up until up', async () => {
  const { socket } = await double.listen();
  const gone = once(socket, 'disconnect');
  await double.order('refuse');
  await gone;
  const { port } = new URL(double.url);
  const raw = net.connect(Number(port), '127.0.0.1');
  raw.on('error', () => {});
  await once(raw, 'connect');
  await once(raw, 'close');
  await double.order('up');
  assert.equal((await double.request('GET', '/health')).status, 200);
});

test('in a blackhole nothing moves, nothing closes, and new connections hang', async () => {
  const { socket, inbox } = await double.listen();
  const gone = once(socket, 'disconnect');
  await double.order('blackhole', { on: true });
  const { connections } = await double.order('network');
  await double.order('inbound', { code: CODE, phone: ANA, text: 'no llega' });
  await assert.rejects(double.request('GET', '/health', { signal: AbortSignal.timeout(150) }), { name: 'TimeoutError' });
  // No byte and no end comes, so it is the client's own heartbeat that notices.
  assert.equal((await gone)[0], 'ping timeout');
  assert.deepEqual(inbox.named('message:new'), []);
  assert.ok((await double.order('network')).connections >= connections);
  await double.order('blackhole', { on: false });
  assert.equal((await double.request('GET', '/health')).status, 200);
});

test('a request that was under way when the blackhole opened is answered after it', async () => {
  await double.order('send-fault', { mode: 'slow', delayMs: 200 });
  let answered = false;
  const waiting = send('lento').finally(() => {
    answered = true;
  });
  const posts = async () => (await double.order('requests')).counts['POST /api/whatsapp/send-message'];
  while (await posts() === undefined) await pause(5);
  await double.order('blackhole', { on: true });
  while ((await delivered()).length === 0) await pause(5);
  assert.equal(answered, false);
  await double.order('blackhole', { on: false });
  assert.equal((await waiting).status, 200);
});

test('the limiter counts, shows its headers and refuses with E7', async () => {
  await double.order('rate-limit', { max: 2, windowSeconds: 60 });
  const hit = () => double.request('GET', '/api/auth/health');
  const seen = [await hit(), await hit(), await hit()];
  assert.deepEqual(seen.map(({ status }) => status), [200, 200, 429]);
  assert.deepEqual(seen.map(({ headers }) => headers.get('x-ratelimit-remaining')), ['1', '0', '0']);
  const refused = seen[2];
  assert.deepEqual(Object.keys(refused.json), ['error']);
  assert.equal(refused.headers.get('x-ratelimit-limit'), '2');
  const reset = Number(refused.headers.get('x-ratelimit-reset'));
  assert.ok(reset > Date.now() / 1000 && reset <= Date.now() / 1000 + 61);
  assert.ok(Number(refused.headers.get('retry-after')) <= 60);
  assert.equal((await double.request('GET', '/api/nope')).status, 429);
  assert.equal((await double.request('GET', '/health')).status, 200);
  await double.listen();
});

test('rate-limit-now uses up the window until it ends', async () => {
  await double.order('rate-limit-now', { seconds: 1 });
  const refused = await double.request('GET', '/api/auth/health');
  assert.deepEqual([refused.status, refused.headers.get('retry-after')], [429, '1']);
  let status = 429;
  while (status === 429) {
    await pause(50);
    ({ status } = await double.request('GET', '/api/auth/health'));
  }
  assert.equal(status, 200);
});

test('sockets counts who was alive at once, and what they sent along', async () => {
  const first = await double.listen(CODE, { auth: { token: 'uno' } });
  await double.listen(CODE, { auth: { token: 'dos' } });
  first.socket.disconnect();
  while ((await double.order('sockets')).live > 1) await pause(5);
  await double.listen(CODE);
  const { live, maxAlive, connections, joins, handshakes } = await double.order('sockets');
  assert.deepEqual([live, maxAlive, connections, joins], [2, 2, 3, 3]);
  assert.deepEqual(handshakes.map(({ auth }) => auth), [{ token: 'uno' }, { token: 'dos' }, {}]);
});

test('orders that make no sense are refused by name', async () => {
  for (const [verb, body, text] of [
    ['nada', {}, /404 no such verb: nada/],
    ['inbound', { code: 'NADIE', phone: ANA }, /400 no such tenant: NADIE/],
    ['colleague', { code: CODE, action: 'vuela', phone: ANA }, /400 no such action: vuela/],
    ['colleague', { code: CODE, action: 'read', phone: ANA }, /400 no such conversation/],
    ['send-fault', { mode: 'otro' }, /400 unknown send fault: otro/],
    ['send-fault', { mode: 'slow', count: 0 }, /400 count is 1 or more, not 0/],
    ['event-drop', { count: 'x' }, /400 count is 1 or more, not x/],
    ['http-fault', { match: '.' }, /400 status is "drop" or 200 to 599/],
    ['inbound', { code: CODE, text: 'hola' }, /400 phone is missing/],
    ['inbound', { code: CODE, phone: ANA, sentAt: 'ayer' }, /400 sentAt is no time: ayer/],
  ]) {
    await assert.rejects(double.order(verb, body), text);
  }
});

test('five thousand conversations of twenty messages are there in seconds', async () => {
  const { messages, ms } = await double.order('seed', { code: CODE, conversations: 5000, messagesEach: 20, unreadEvery: 5 });
  assert.equal(messages, 100_000);
  assert.ok(ms < 10_000, `${ms} ms`);
  const { json } = await double.request('GET', '/api/messages/conversations?limit=6000', { token });
  assert.equal(json.conversations.length, 5000);
  assert.equal(json.conversations.filter(({ unread_count: unread }) => unread > 0).length, 1000);
});

test('the process ends with its stdin, and on SIGTERM', async () => {
  const byStdin = await startDouble();
  assert.equal(await byStdin.stop(), 0);
  const bySignal = await startDouble();
  const exited = once(bySignal.child, 'exit');
  bySignal.child.kill('SIGTERM');
  assert.deepEqual(await exited, [0, null]);
});
