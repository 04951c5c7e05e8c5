import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import { ANA, CODE, startDouble } from './support.mjs';

const MESSAGE_KEYS = [
  'id', 'conversation_id', 'message_id', 'sender_type', 'from_me', 'is_from_bot', 'content', 'message_type',
  'media_url', 'file_name', 'media_mimetype', 'media_size', 'quoted_message_id', 'is_read', 'read_at', 'sent_at',
  'delivered_at', 'created_at', 'updated_at', 'contact_phone', 'contact_name',
];
const CONVERSATION_KEYS = [
  'id', 'client_id', 'contact_phone', 'contact_name', 'last_message', 'last_message_at', 'unread_count',
  'is_archived', 'is_pinned', 'bot_enabled', 'created_at', 'updated_at', 'total_messages', 'unread_messages',
];

let double;
let token;
before(async () => {
  double = await startDouble();
});
after(() => double.stop());
beforeEach(async () => {
  token = await double.begin();
});

const get = (path) => double.request('GET', path, { token });
const post = (path, body) => double.request('POST', path, { token, body });
const inbound = (fields) => double.order('inbound', { code: CODE, phone: ANA, name: 'Ana', ...fields });

/** Messages of one contact, ten seconds apart, `texto 1` the oldest. */
async function history(count) {
  let conversationId;
  for (let number = 1; number <= count; number += 1) {
    const sentAt = new Date(Date.UTC(2026, 0, 1) + number * 10_000).toISOString();
    ({ conversationId } = await inbound({ text: `texto ${number}`, sentAt }));
  }
  return conversationId;
}

const numbersOf = ({ json }) => json.messages.map(({ content }) => Number(content.split(' ')[1]));

test('the list has rows of mixed types and a total of this page only', async () => {
  await double.order('seed', { code: CODE, conversations: 7, messagesEach: 3, unreadEvery: 2 });
  const { json } = await get('/api/messages/conversations?limit=5');
  assert.deepEqual(json.pagination, { limit: 5, offset: 0, total: 5 });
  const [row] = json.conversations;
  assert.deepEqual(Object.keys(row), CONVERSATION_KEYS);
  assert.deepEqual(
    [row.is_archived, row.is_pinned, row.bot_enabled, row.total_messages, row.unread_messages],
    [false, false, 1, 3, '0'],
  );
  assert.match(row.last_message_at, /\.000Z$/);
  const second = await get('/api/messages/conversations?limit=5&offset=5');
  assert.equal(second.json.pagination.total, 2);
  const times = [...json.conversations, ...second.json.conversations].map(({ last_message_at: at }) => at);
  assert.deepEqual(times, times.toSorted().toReversed());
});

test('limits that SQL would refuse are 500, zero is an empty page', async () => {
  for (const query of ['limit=abc', 'limit=-1', 'offset=-1']) {
    const { status, json } = await get(`/api/messages/conversations?${query}`);
    assert.deepEqual([query, status, Object.keys(json)], [query, 500, ['error', 'stack']]);
  }
  const { json } = await get('/api/messages/conversations?limit=0');
  assert.deepEqual(json, { success: true, conversations: [], pagination: { limit: 0, offset: 0, total: 0 } });
});

test('the list searches names without accents, and numbers, with wildcards', async () => {
  await inbound({ name: 'Ana Pérez', text: 'hola' });
  const found = async (search) =>
    (await get(`/api/messages/conversations?search=${encodeURIComponent(search)}`)).json.conversations.length;
  assert.deepEqual(await Promise.all(['perez', '50000001', 'a%z', 'nadie', '.*'].map(found)), [1, 1, 1, 0, 0]);
});

test('archived conversations are listed only when asked for', async () => {
  await inbound({ text: 'hola' });
  await double.order('colleague', { code: CODE, action: 'archive', phone: ANA });
  assert.equal((await get('/api/messages/conversations')).json.conversations.length, 0);
  const { json } = await get('/api/messages/conversations?archived=true');
  assert.equal(json.conversations[0].is_archived, 1);
});

test('offset 0 is the newest page, any other offset counts from the oldest', async () => {
  const id = await history(57);
  const page = async (query) => numbersOf(await get(`/api/messages/conversation/${id}?${query}`));
  const range = (from, to) => Array.from({ length: to - from + 1 }, (_, index) => from + index);
  assert.deepEqual(await page('limit=50'), range(8, 57));
  assert.deepEqual(await page('limit=50&offset=50'), range(51, 57));
  assert.deepEqual(await page('limit=5&offset=1'), range(2, 6));
  assert.deepEqual(await page('limit=5&offset=57'), []);
  assert.deepEqual(await page('limit=5&senderType=client'), range(53, 57));
  assert.deepEqual(await page('limit=5&offset=1&senderType=client'), []);
});

test('a message row has every field, and mixed booleans', async () => {
  const { conversationId } = await inbound({ text: 'hola' });
  await post('/api/whatsapp/send-message', { to: ANA, message: 'buenas' });
  const { json } = await get(`/api/messages/conversation/${conversationId}`);
  assert.deepEqual(json.pagination, { limit: 50, offset: 0, total: 2 });
  const [theirs, ours] = json.messages.toSorted((a, b) => a.id - b.id);
  assert.deepEqual(Object.keys(theirs), MESSAGE_KEYS);
  assert.deepEqual([theirs.sender_type, theirs.from_me, theirs.is_from_bot, theirs.is_read], ['contact', false, false, 0]);
  assert.deepEqual([ours.sender_type, ours.from_me, ours.is_from_bot, ours.is_read], ['client', 1, false, 1]);
  assert.match(theirs.message_id, /^false_5491150000001@c\.us_3EB0[0-9A-F]{18}$/);
  assert.match(ours.message_id, /^true_5491150000001@c\.us_3EB0[0-9A-F]{18}$/);
  assert.match(ours.sent_at, /\.000Z$/);
});

test('unknown conversations are empty pages, and nobody asks whose they are', async () => {
  assert.deepEqual((await get('/api/messages/conversation/999')).json.messages, []);
  assert.equal((await get('/api/messages/conversation/abc')).json.conversation_id, null);
  const { conversationId } = await inbound({ text: 'hola' });
  await double.order('tenant', { code: 'OTRA01', password: 'secreto-2' });
  const other = await double.login('OTRA01', 'secreto-2');
  const { json } = await double.request('GET', `/api/messages/conversation/${conversationId}`, { token: other });
  assert.equal(json.messages.length, 1);
});

test('ties come in any order when they are shuffled', async () => {
  const sentAt = '2026-01-01T00:00:00.000Z';
  let id;
  for (let number = 1; number <= 8; number += 1) ({ conversationId: id } = await inbound({ text: `texto ${number}`, sentAt }));
  await double.order('ties', { shuffled: true });
  const orders = new Set();
  for (let round = 0; round < 10; round += 1) orders.add(numbersOf(await get(`/api/messages/conversation/${id}`)).join());
  assert.ok(orders.size > 1, [...orders].join(' | '));
});

test('mark read zeroes the counter, and is 500 for an unknown conversation', async () => {
  const { conversationId } = await inbound({ text: 'hola' });
  const { json } = await post(`/api/messages/conversation/${conversationId}/read`);
  assert.equal(json.conversation_id, conversationId);
  const [row] = (await get('/api/messages/conversations')).json.conversations;
  assert.deepEqual([row.unread_count, row.unread_messages], [0, '0']);
  const [message] = (await get(`/api/messages/conversation/${conversationId}`)).json.messages;
  assert.equal(message.is_read, 1);
  assert.notEqual(message.read_at, null);
  assert.equal((await post('/api/messages/conversation/0/read')).status, 500);
});

test('a deleted conversation comes back under a new id', async () => {
  const { conversationId } = await inbound({ text: 'hola' });
  const path = `/api/messages/conversation/${conversationId}`;
  assert.equal((await double.request('DELETE', path, { token })).json.conversation_id, conversationId);
  assert.equal((await double.request('DELETE', path, { token })).status, 404);
  const again = await inbound({ text: 'otra vez' });
  assert.ok(again.conversationId > conversationId);
});

test('search is newest first, ignores accents, and wants a text', async () => {
  await history(3);
  await inbound({ text: 'camión' });
  assert.deepEqual(numbersOf(await get('/api/messages/search?q=texto&limit=2')), [3, 2]);
  const { json } = await get('/api/messages/search?q=CAMION');
  assert.deepEqual([json.messages.length, json.search_term], [1, 'CAMION']);
  assert.equal((await get('/api/messages/search')).status, 400);
});

test('statistics are text sums, and numbers where there is no conversation', async () => {
  const empty = (await get('/api/messages/stats')).json.stats;
  assert.deepEqual(empty, {
    total_messages: 0, manual_messages: 0, bot_messages: 0, received_messages: 0,
    active_conversations: 0, unread_messages: 0, period_hours: 24,
  });
  await inbound({ text: 'hola' });
  const full = (await get('/api/messages/stats?hours=1')).json.stats;
  assert.deepEqual(full, {
    total_messages: 1, manual_messages: '0', bot_messages: '0', received_messages: '1',
    active_conversations: 1, unread_messages: '1', period_hours: 1,
  });
  assert.equal((await get('/api/messages/stats?hours=abc')).json.stats.period_hours, null);
});

test('a send answers with WhatsApp\'s id and address, and reaches WhatsApp once', async () => {
  const { status, json } = await post('/api/whatsapp/send-message', { to: '+54 9 11 5000-0001', message: 'hola' });
  assert.equal(status, 200);
  assert.deepEqual(Object.keys(json), ['success', 'message', 'messageId', 'to', 'isBot']);
  assert.equal(json.to, `${ANA}@c.us`);
  const { deliveries } = await double.order('deliveries', { code: CODE });
  assert.deepEqual(deliveries.map(({ text, messageId }) => [text, messageId]), [['hola', json.messageId]]);
  const [row] = (await get('/api/messages/conversations')).json.conversations;
  assert.deepEqual([row.bot_enabled, row.contact_name], [0, ANA]);
});

test('a bot text is delivered but neither stored nor kept in a conversation', async () => {
  const { json } = await post('/api/whatsapp/send-message', { to: ANA, message: 'hola', isBot: true });
  assert.equal(json.isBot, true);
  const { deliveries } = await double.order('deliveries', { code: CODE });
  assert.equal(deliveries[0].text, '[BOT] hola');
  assert.equal((await get('/api/messages/conversations')).json.conversations.length, 0);
});

test('sends are refused as the backend refuses them', async () => {
  const send = (body) => post('/api/whatsapp/send-message', body);
  const missing = await send({ to: ANA });
  assert.deepEqual([missing.status, missing.json.message], [400, 'Número de destino y mensaje son requeridos']);
  assert.equal((await send({ to: 5491150000001, message: 'hola' })).status, 500);
  const blank = await send({ to: ANA, message: '   ' });
  assert.deepEqual([blank.status, Object.keys(blank.json)], [500, ['success', 'message', 'error']]);
  await double.order('linked', { code: CODE, value: false });
  const unlinked = await send({ to: ANA, message: 'hola' });
  assert.deepEqual([unlinked.status, unlinked.json], [
    400, { success: false, message: 'Cliente de WhatsApp no está conectado' },
  ]);
  assert.deepEqual((await double.order('deliveries', { code: CODE })).deliveries, []);
});

test('a foreign number is mangled, then its messages and sends are lost', async () => {
  const first = await double.order('inbound', { code: CODE, phone: '59899123456', text: 'uno' });
  assert.equal(first.stored, true);
  const second = await double.order('inbound', { code: CODE, phone: '59899123456', text: 'dos' });
  assert.equal(second.stored, false);
  const [row] = (await get('/api/messages/conversations')).json.conversations;
  assert.deepEqual([row.contact_phone, row.total_messages], ['54959899123456', 1]);
  const { status, json } = await post('/api/whatsapp/send-message', { to: '59899123456', message: 'hola' });
  assert.equal(status, 500);
  assert.match(json.error, /Duplicate entry '.*' for key 'unique_client_contact'/);
  const lid = await double.order('inbound', { code: CODE, phone: '98765432100000@lid', text: 'hola' });
  assert.equal(lid.stored, true);
  const [newest] = (await get('/api/messages/conversations?search=98765')).json.conversations;
  assert.equal(newest.contact_phone, '5498765432100000');
});

test('documents keep a garbled name, unless sent as filename*', async () => {
  const form = new FormData();
  form.set('to', ANA);
  form.set('document', new File(['%PDF-1.4'], 'año.pdf', { type: 'application/pdf' }));
  const plain = await post('/api/whatsapp/send-document', form);
  assert.deepEqual(Object.keys(plain.json), [
    'success', 'message', 'messageId', 'timestamp', 'to', 'type', 'filename', 'size',
  ]);
  assert.equal(plain.json.filename, 'aÃ±o.pdf');
  const body = [
    '--lim', 'Content-Disposition: form-data; name="to"', '', ANA,
    '--lim', 'Content-Disposition: form-data; name="document"; filename="ano.pdf"; filename*=UTF-8\'\'a%C3%B1o.pdf',
    'Content-Type: application/pdf', '', '%PDF-1.4', '--lim--', '',
  ].join('\r\n');
  const response = await fetch(`${double.url}/api/whatsapp/send-document`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'multipart/form-data; boundary=lim' },
    body,
  });
  assert.equal((await response.json()).filename, 'año.pdf');
});

test('files are filtered as the backend filters them', async () => {
  const send = async (kind, { field = kind, type, to = ANA, size = 4, name = 'a.bin' }) => {
    const form = new FormData();
    if (to) form.set('to', to);
    if (type) form.set(field, new File([new Uint8Array(size)], name, { type }));
    return (await post(`/api/whatsapp/send-${kind}`, form)).status;
  };
  assert.equal(await send('image', { type: 'image/png' }), 200);
  assert.equal(await send('image', { type: 'application/pdf' }), 200);
  assert.equal(await send('image', { type: 'audio/ogg' }), 400);
  assert.equal(await send('image', {}), 400);
  assert.equal(await send('image', { type: 'image/png', to: '' }), 400);
  assert.equal(await send('image', { type: 'image/png', field: 'file' }), 500);
  assert.equal(await send('image', { type: 'image/png', size: 10 * 1024 * 1024 + 1 }), 400);
  assert.equal(await send('document', { type: 'image/png' }), 400);
  assert.equal(await send('document', { type: 'text/csv' }), 400);
});

test('bot switches answer with true booleans, status with text sums', async () => {
  assert.equal((await get('/api/messages/bot/status')).json.bot_status.bot_enabled_percentage, 0);
  const { conversationId } = await inbound({ text: 'hola' });
  const off = await post(`/api/messages/conversation/${conversationId}/bot/disable`);
  assert.deepEqual(off.json.conversation, {
    id: conversationId, contact_phone: ANA, contact_name: 'Ana', bot_enabled: false,
  });
  const status = await get(`/api/messages/conversation/${conversationId}/bot/status`);
  assert.equal(status.json.conversation.bot_enabled, 0);
  const all = (await get('/api/messages/bot/status')).json.bot_status;
  assert.deepEqual(
    [all.total_conversations, all.bot_enabled_conversations, all.bot_disabled_conversations, all.bot_enabled_percentage],
    [1, '0', '1', '0.00'],
  );
  assert.equal((await post('/api/messages/conversation/999/bot/enable')).status, 404);
  await double.order('tenant', { code: 'OTRA01', password: 'secreto-2' });
  const other = await double.login('OTRA01', 'secreto-2');
  const path = `/api/messages/conversation/${conversationId}/bot/enable`;
  assert.equal((await double.request('POST', path, { token: other })).status, 403);
});

test('bot switches for all, for some, and for the account', async () => {
  const { conversationId } = await inbound({ text: 'hola' });
  await double.order('inbound', { code: CODE, phone: '5491150000002', text: 'hola' });
  assert.equal((await post('/api/messages/bot/disable-all')).json.affected_conversations, 2);
  const off = (await get('/api/messages/bot/disabled-conversations?limit=1')).json;
  assert.deepEqual(off.pagination, { total: 2, limit: 1, offset: 0, hasMore: true });
  const enable = (ids) => post('/api/messages/bot/enable-conversations', { conversation_ids: ids });
  assert.equal((await enable([conversationId])).json.affected_conversations, 1);
  assert.equal((await enable([conversationId, conversationId])).status, 400);
  assert.equal((await get('/api/messages/bot/status')).json.bot_status.bot_enabled_percentage, '50.00');
  await post('/api/messages/bot/enable-all');
  assert.equal((await get('/api/messages/bot/status')).json.bot_status.bot_disabled_conversations, '0');
  const toggled = await post('/api/messages/bot/toggle');
  assert.deepEqual(toggled.json.data, { is_enabled: false, status: 'disabled' });
  const { quota } = (await get('/api/messages/bot/quota')).json;
  assert.deepEqual([quota.remaining, quota.limits.messages.remaining], [2500, 2500]);
});

test('a QR older than five minutes is gone', async () => {
  await double.order('linked', { code: CODE, value: false });
  assert.equal((await get(`/api/whatsapp/qr/${CODE}`)).status, 404);
  await double.order('show-qr', { code: CODE });
  assert.equal((await get(`/api/whatsapp/qr/${CODE}`)).headers.get('content-type'), 'image/png');
  await double.order('show-qr', { code: CODE, ageSeconds: 301 });
  assert.equal((await get('/api/whatsapp/status')).json.status, 'qr_expired');
  const { status, json } = await get(`/api/whatsapp/qr-json/${CODE}`);
  assert.deepEqual([status, json.expired], [410, true]);
});

test('whatsapp status tells the link apart from what the database says', async () => {
  const connected = (await get('/api/whatsapp/status')).json;
  assert.deepEqual(Object.keys(connected), [
    'success', 'status', 'connected', 'hasQR', 'phoneNumber', 'clientInfo', 'session', 'stats',
  ]);
  assert.equal(connected.status, 'connected');
  assert.deepEqual(Object.keys(connected.connected), ['server', 'user', '_serialized']);
  await double.order('linked', { code: CODE, value: false, silent: true });
  const forgotten = (await get('/api/whatsapp/status')).json;
  assert.deepEqual(
    [forgotten.status, forgotten.connected, forgotten.session.status],
    ['not_initialized', false, 'connected'],
  );
  await double.order('show-qr', { code: CODE });
  const waiting = (await get('/api/whatsapp/status')).json;
  assert.deepEqual([waiting.status, 'connected' in waiting, waiting.hasQR], ['waiting_qr', false, true]);
  const qr = await get(`/api/whatsapp/qr-json/${CODE}`);
  assert.match(qr.json.qrCode, /^data:image\/png;base64,/);
  assert.equal((await get('/api/whatsapp/qr-json/OTRA01')).status, 403);
});

test('unknown routes are 404, but 401 first below a guarded prefix', async () => {
  const nope = await double.request('GET', '/api/nope?x=1');
  assert.deepEqual([nope.status, nope.json.path, nope.json.method], [404, '/api/nope?x=1', 'GET']);
  const guarded = await double.request('GET', '/api/messages/nope');
  assert.equal(guarded.json.code, 'TOKEN_MISSING');
  assert.equal((await get('/api/messages/nope')).status, 404);
  assert.equal((await double.request('GET', '/uploads/images/falta.png')).status, 404);
});

test('bodies that are no JSON or too long are refused by the parser', async () => {
  const login = async (body) => {
    const response = await fetch(`${double.url}/api/auth/login`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body,
    });
    return [response.status, Object.keys(await response.json())];
  };
  assert.deepEqual(await login('{"client_code": '), [400, ['error', 'stack']]);
  assert.deepEqual(await login(JSON.stringify('x'.repeat(10 * 1024 * 1024))), [413, ['error', 'stack']]);
});

test('an unchanged list is 304 to whoever has it, and still counted', async () => {
  const first = await get('/api/messages/conversations');
  const again = await double.request('GET', '/api/messages/conversations', {
    token, headers: { 'if-none-match': first.headers.get('etag'), 'cache-control': 'max-age=0' },
  });
  assert.equal(again.status, 304);
  const left = ({ headers }) => Number(headers.get('x-ratelimit-remaining'));
  assert.equal(left(first) - left(again), 1);
});

test('a file that was received is served, one without bytes is gone', async () => {
  const bytes = Buffer.from('imagen').toString('base64');
  await inbound({ type: 'image', text: 'foto', mediaBase64: bytes, mimeType: 'image/jpeg' });
  await inbound({ type: 'audio' });
  const { conversations } = await double.order('state', { code: CODE });
  const [image, audio] = conversations[0].messages;
  assert.match(image.media_url, /^http:\/\/localhost:3000\/uploads\/images\/\d+_[a-z0-9]{6}\.jpg$/);
  assert.deepEqual([image.message_type, image.content, audio.content], ['image', 'foto', null]);
  const served = await double.request('GET', new URL(image.media_url).pathname);
  assert.deepEqual([served.status, served.text], [200, 'imagen']);
  assert.equal((await double.request('GET', new URL(audio.media_url).pathname)).status, 404);
});
