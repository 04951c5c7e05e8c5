import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, before, beforeEach, test } from 'node:test';
import { io } from 'socket.io-client';
import { ANA, CODE, startDouble } from './support.mjs';

const EVENT_MESSAGE_KEYS = [
  'id', 'conversation_id', 'message_id', 'sender_type', 'from_me', 'is_from_bot', 'content', 'message_type',
  'media_url', 'file_name', 'media_mimetype', 'media_size', 'quoted_message_id', 'is_read', 'read_at', 'sent_at',
  'delivered_at', 'created_at', 'updated_at',
];
const EVENT_CONVERSATION_KEYS = [
  'id', 'client_id', 'contact_phone', 'contact_name', 'last_message', 'last_message_at', 'unread_count',
  'is_archived', 'is_pinned', 'bot_enabled', 'created_at', 'updated_at',
];

let double;
let token;
before(async () => {
  double = await startDouble('--seed', '7');
});
after(() => double.stop());
beforeEach(async () => {
  token = await double.begin();
});

const inbound = (fields) => double.order('inbound', { code: CODE, phone: ANA, name: 'Ana', ...fields });
const send = (message, to = ANA) =>
  double.request('POST', '/api/whatsapp/send-message', { token, body: { to, message } });

test('an incoming message is one message:new, followed by the statistics', async () => {
  const { inbox } = await double.listen();
  const { id } = await inbound({ text: 'hola' });
  await inbox.first('stats:updated');
  assert.deepEqual(inbox.events.map(({ event }) => event), ['message:new', 'stats:updated']);
  const [{ payload }, { payload: stats }] = inbox.events;
  assert.deepEqual(Object.keys(payload), ['clientCode', 'message', 'conversation', 'timestamp']);
  assert.deepEqual(Object.keys(payload.message), EVENT_MESSAGE_KEYS);
  assert.deepEqual(Object.keys(payload.conversation), EVENT_CONVERSATION_KEYS);
  assert.equal(payload.message.id, id);
  assert.deepEqual([payload.conversation.unread_count, payload.conversation.bot_enabled], [1, 1]);
  assert.deepEqual(Object.keys(stats), ['clientCode', 'stats', 'timestamp']);
  assert.deepEqual([stats.stats.received_messages, stats.stats.period_hours], ['1', 24]);
});

test('a send is echoed exactly once, in either kind', async () => {
  const { inbox } = await double.listen();
  const kinds = new Set();
  for (let number = 1; number <= 20; number += 1) {
    inbox.clear();
    const { json } = await send(`texto ${number}`);
    const { message, conversation } = await inbox.first('message:new');
    assert.deepEqual(
      [message.message_id, message.from_me, conversation.bot_enabled, conversation.unread_count],
      [json.messageId, 1, false, 0],
    );
    await double.order('emit-raw', { code: CODE, event: 'mark', payload: null });
    await inbox.first('mark');
    assert.equal(inbox.named('message:new').length, 1);
    kinds.add(inbox.named('stats:updated').length);
  }
  assert.deepEqual([...kinds].toSorted(), [0, 1]);
});

test('files are echoed later, with an address of another host', async () => {
  const { inbox } = await double.listen();
  const form = new FormData();
  form.set('to', ANA);
  form.set('caption', 'la foto');
  form.set('image', new File(['png'], 'foto.png', { type: 'image/png' }));
  const { json } = await double.request('POST', '/api/whatsapp/send-image', { token, body: form });
  assert.equal(typeof json.timestamp, 'number');
  const { message } = await inbox.first('message:new');
  assert.deepEqual(
    [message.message_id, message.content, message.message_type, message.sender_type],
    [json.messageId, 'la foto', 'image', 'client'],
  );
  assert.match(message.file_name, /^image-\d+-\d{9}\.png$/);
  await inbox.first('stats:updated');
});

test('a slow picture is stored and emitted after the text that follows it', async () => {
  const { inbox } = await double.listen();
  const picture = inbound({ type: 'image', mediaDelayMs: 150 });
  await inbound({ text: 'después' });
  await picture;
  const types = (await inbox.count('message:new', 2)).map(({ message }) => message.message_type);
  assert.deepEqual(types, ['text', 'image']);
});

test('the join is a bare string in any spelling, unchecked and unanswered', async () => {
  const { socket } = await double.listen('NADIE9');
  let answered = false;
  socket.emit('join_client_room', 'OTRO99', () => {
    answered = true;
  });
  socket.emit('join_client_room', { clientCode: CODE });
  const stranger = await double.listen('cli001');
  await inbound({ text: 'hola' });
  await double.order('emit-raw', { code: 'cli001', event: 'mark', payload: null });
  await stranger.inbox.first('mark');
  assert.deepEqual(stranger.inbox.named('message:new'), []);
  const { rooms, joins, live } = await double.order('sockets');
  assert.deepEqual(rooms, {
    client_NADIE9: 1, client_OTRO99: 1, 'client_[object Object]': 1, client_cli001: 1,
  });
  assert.deepEqual([joins, live, answered], [4, 2, false]);
});

test('another tenant\'s room can be joined, and its events name the tenant', async () => {
  await double.order('tenant', { code: 'OTRA01', password: 'secreto-2' });
  const { socket, inbox } = await double.listen();
  socket.emit('join_client_room', 'OTRA01');
  await inbox.until((events) => events.some(({ event }) => event === 'probe'), () =>
    double.order('emit-raw', { code: 'OTRA01', event: 'probe', payload: null }));
  await double.order('inbound', { code: 'OTRA01', phone: ANA, text: 'hola' });
  assert.equal((await inbox.first('message:new')).clientCode, 'OTRA01');
});

test('a deletion is announced; reads, bot switches and renames are not', async () => {
  const { conversationId } = await inbound({ text: 'hola' });
  const { inbox } = await double.listen();
  const colleague = (action, more) => double.order('colleague', { code: CODE, conversationId, action, ...more });
  await colleague('read');
  await colleague('bot', { enabled: false });
  await colleague('rename', { name: 'Ana María' });
  const { conversations: [row] } = await double.order('state', { code: CODE });
  assert.deepEqual([row.unread_count, row.bot_enabled, row.contact_name], [0, 0, 'Ana María']);
  await colleague('delete');
  await inbox.first('conversation:deleted');
  assert.deepEqual(inbox.events.map(({ event }) => event), ['conversation:deleted']);
  assert.equal(inbox.named('conversation:deleted')[0].conversationId, conversationId);
});

test('colleagues, the handset and the bot write in their own kinds', async () => {
  await inbound({ text: 'hola' });
  const { inbox } = await double.listen();
  await double.order('colleague', { code: CODE, action: 'send', phone: ANA, text: 'de una colega' });
  await double.order('phone-sent', { code: CODE, phone: ANA, text: 'del teléfono' });
  await double.order('bot-reply', { code: CODE, phone: ANA, text: 'del bot', withConversation: false });
  const [colleague, handset, bot] = await inbox.count('message:new', 3);
  assert.deepEqual([colleague.message.sender_type, handset.message.sender_type], ['client', 'client']);
  assert.equal(handset.conversation.bot_enabled, false);
  assert.deepEqual([bot.message.sender_type, bot.message.is_from_bot], ['bot', 1]);
  assert.equal('conversation' in bot, false);
});

test('linking goes through QR, and the phone can end it', async () => {
  const { inbox } = await double.listen();
  await double.request('POST', '/api/whatsapp/disconnect', { token });
  assert.equal((await inbox.first('whatsapp:disconnected')).reason, 'manual_disconnect');
  const { json } = await double.request('POST', '/api/whatsapp/connect', { token });
  assert.deepEqual([json.status, json.hasQR, json.phoneNumber], ['initializing', false, null]);
  const { qr } = await inbox.first('whatsapp:qr');
  assert.match(qr, /^data:image\/png;base64,iVBORw0KGgo/);
  inbox.clear();
  await double.order('linked', { code: CODE, value: true });
  await inbox.first('whatsapp:connection_completed');
  assert.deepEqual(inbox.events.map(({ event }) => event), [
    'whatsapp:authenticated', 'whatsapp:ready', 'whatsapp:status_updated', 'whatsapp:connection_completed',
  ]);
  await double.order('linked', { code: CODE, value: false });
  assert.equal((await inbox.first('whatsapp:disconnected')).reason, 'LOGOUT');
});

test('a refused session is told, and a restart keeps silent', async () => {
  const { inbox } = await double.listen();
  await double.order('linked', { code: CODE, value: false, silent: true });
  await double.order('link-failure', { code: CODE, message: 'vencida' });
  assert.equal((await inbox.first('whatsapp:auth_failure')).message, 'vencida');
  assert.deepEqual(inbox.events.length, 1);
});

test('a burst is numbered, in order, and stored', async () => {
  const { inbox } = await double.listen();
  const result = await double.order('burst', { code: CODE, phone: ANA, count: 30, intervalMs: 1, text: 'ráfaga' });
  assert.deepEqual(result, { stored: 30, lost: 0 });
  const texts = (await inbox.count('message:new', 30)).map(({ message }) => message.content);
  assert.deepEqual(texts, Array.from({ length: 30 }, (_, index) => `ráfaga ${index + 1}`));
});

test('the counter in the events of a burst can lag behind the row', async () => {
  const { inbox } = await double.listen();
  await double.order('burst', { code: CODE, phone: ANA, count: 5, lagging: true });
  const shown = (await inbox.count('message:new', 5)).map(({ conversation }) => conversation.unread_count);
  assert.deepEqual(shown, [1, 1, 1, 4, 4]);
  const { conversations: [row] } = await double.order('state', { code: CODE });
  assert.equal(row.unread_count, 5);
});

test('a burst in the background answers before it ends', async () => {
  const { inbox } = await double.listen();
  const order = { code: CODE, phone: ANA, count: 3, intervalMs: 30, background: true };
  assert.deepEqual(await double.order('burst', order), { started: true });
  assert.ok(inbox.named('message:new').length < 3);
  await inbox.count('message:new', 3);
});

test('a silent message is stored without an event, a known id not at all', async () => {
  const { inbox } = await double.listen();
  assert.equal((await inbound({ text: 'callado', silent: true })).stored, true);
  await inbound({ text: 'uno', messageId: 'false_x_1' });
  assert.equal((await inbound({ text: 'uno', messageId: 'false_x_1' })).stored, false);
  const { conversations: [row] } = await double.order('state', { code: CODE });
  assert.equal(row.total_messages, 2);
  await double.order('emit-raw', { code: CODE, event: 'mark', payload: null });
  await inbox.first('mark');
  assert.deepEqual(inbox.named('message:new').map(({ message }) => message.content), ['uno']);
});

test('malformed payloads go out as ordered', async () => {
  const { inbox } = await double.listen();
  for (const payload of [null, 'texto', { clientCode: null, message: 3 }, []]) {
    await double.order('emit-raw', { code: CODE, event: 'message:new', payload });
  }
  await double.order('emit-raw', { code: CODE, event: 'message:new', args: [] });
  await inbox.count('message:new', 5);
  assert.deepEqual(inbox.events.map(({ args }) => args), [[null], ['texto'], [{ clientCode: null, message: 3 }], [[]], []]);
});

test('events can be dropped, doubled and put in another order', async () => {
  const { inbox } = await double.listen();
  await double.order('event-drop', { count: 1 });
  await double.order('event-duplicate', { count: 1 });
  await double.order('event-reorder', { count: 3 });
  for (const text of ['perdido', 'doble', 'a', 'b', 'c', 'normal']) await inbound({ text });
  const texts = (await inbox.count('message:new', 6)).map(({ message }) => message.content);
  assert.deepEqual(texts, ['doble', 'doble', 'c', 'b', 'a', 'normal']);
});

test('polling upgrades to websocket, as with the defaults', async () => {
  const { socket } = await double.listen(CODE, { transports: ['polling', 'websocket'] });
  if (socket.io.engine.transport.name !== 'websocket') await once(socket.io.engine, 'upgrade');
  assert.equal(socket.io.engine.transport.name, 'websocket');
});

test('Engine.IO 3 is refused', async () => {
  const { status } = await double.request('GET', '/socket.io/?EIO=3&transport=polling');
  assert.equal(status, 400);
});

test('with a base path everything lies below it', async () => {
  const behindProxy = await startDouble('--base-path', '/backend');
  try {
    assert.equal((await behindProxy.request('GET', '/backend/health')).json.status, 'OK');
    assert.equal((await behindProxy.request('GET', '/health')).status, 404);
    const { json } = await behindProxy.request('GET', '/backend/api/nope');
    assert.equal(json.path, '/api/nope');
    const socket = io(behindProxy.url, { path: '/backend/socket.io', transports: ['websocket'] });
    await once(socket, 'connect');
    socket.disconnect();
  } finally {
    assert.equal(await behindProxy.stop(), 0);
  }
});
