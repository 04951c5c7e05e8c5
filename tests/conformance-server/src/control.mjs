import http from 'node:http';
import { text } from 'node:stream/consumers';
import { seed } from './line.mjs';
import { conversationRow, messageRow } from './shapes.mjs';
import { roomOf } from './sockets.mjs';

/** An order that cannot be carried out: answered 400. */
class BadOrder extends Error {}

/** The control port: `POST /<verb>` with a JSON body, answered with JSON. */
export function createControl(parts) {
  const verbs = createVerbs(parts);
  return http.createServer(async (req, res) => {
    const reply = (status, body) => {
      res.writeHead(status, { 'Content-Type': 'application/json' });
      res.end(JSON.stringify(body));
    };
    const verb = req.url.slice(1);
    try {
      const body = await text(req);
      if (!Object.hasOwn(verbs, verb)) {
        reply(404, { error: `no such verb: ${verb}` });
        return;
      }
      const result = await verbs[verb](body === '' ? {} : JSON.parse(body));
      reply(200, result ?? { ok: true });
    } catch (error) {
      const order = error instanceof BadOrder || error instanceof SyntaxError || error instanceof TypeError;
      reply(order ? 400 : 500, { error: error.message });
    }
  });
}

function createVerbs(parts) {
  return { ...setupVerbs(parts), ...trafficVerbs(parts), ...queryVerbs(parts), ...faultVerbs(parts) };
}

function finder(state) {
  const tenantOf = ({ code }) => {
    const tenant = state.tenant(code);
    if (!tenant) throw new BadOrder(`no such tenant: ${code}`);
    return tenant;
  };
  const conversationOf = (tenant, { conversationId, phone }) => {
    const conversation = conversationId === undefined
      ? tenant.byPhone.get(phone)
      : tenant.conversations.get(conversationId);
    if (!conversation) throw new BadOrder(`no such conversation: ${conversationId ?? phone}`);
    return conversation;
  };
  return { tenantOf, conversationOf };
}

function setupVerbs({ state, tokens, outage, line, linking, faults, limiter, journal, sockets, entrance, ties, chance }) {
  const { tenantOf } = finder(state);
  return {
    tenant: ({ deleted = false, linked, ...fields }) => {
      if (typeof fields.code !== 'string') throw new BadOrder('code is missing');
      if (deleted) return { deleted: state.removeTenant(fields.code) };
      const isNew = state.tenant(fields.code) === undefined;
      const tenant = state.putTenant(fields);
      if (linked ?? isNew) linking.establish(tenant, { silent: true });
      return { id: tenant.id, code: tenant.code };
    },
    reset: async ({ only }) => {
      journal.reset();
      if (only === 'counters') {
        sockets.resetCounters();
        return;
      }
      outage.on = false;
      ties.reset();
      await entrance.reset();
      await sockets.reset();
      for (const part of [faults, limiter, tokens, line, state]) part.reset();
    },
    seed: ({ conversations = 50, messagesEach = 20, unreadEvery = 0, ...order }) => {
      const started = performance.now();
      seed(state, chance, tenantOf(order), { conversations, messagesEach, unreadEvery });
      return { conversations, messages: conversations * messagesEach, ms: Math.round(performance.now() - started) };
    },
    linked: ({ value = true, silent = false, reason = 'LOGOUT', ...order }) => {
      const tenant = tenantOf(order);
      if (value) linking.establish(tenant, { silent });
      else if (silent) linking.forget(tenant);
      else linking.lose(tenant, reason);
    },
    'link-failure': ({ message = 'auth timeout', ...order }) => linking.fail(tenantOf(order), message),
    'show-qr': ({ ageSeconds = 0, ...order }) => linking.showQr(tenantOf(order), ageSeconds * 1000),
    'token-ttl': (life) => tokens.setLife(life),
    'rate-limit': (limits) => limiter.configure(limits),
    ties: ({ shuffled = true }) => {
      ties.shuffled = shuffled;
    },
  };
}

function trafficVerbs({ state, line, sockets }) {
  const { tenantOf, conversationOf } = finder(state);
  const at = (sentAt) => {
    if (sentAt === undefined) return undefined;
    const time = new Date(sentAt).getTime();
    if (Number.isNaN(time)) throw new BadOrder(`sentAt is no time: ${sentAt}`);
    return time;
  };
  const talk = ({ phone, sentAt, ...order }) => {
    if (typeof phone !== 'string') throw new BadOrder('phone is missing');
    return { ...order, phone, sentAt: at(sentAt) };
  };

  const colleagueDoes = {
    read: (conversation) => state.markRead(conversation),
    bot: (conversation, { enabled = false }) => state.switchBot(conversation, enabled),
    rename: (conversation, { name }) => state.rename(conversation, name),
    delete: (conversation) => line.deleteConversation(conversation),
    archive: (conversation, { archived = true }) => {
      conversation.isArchived = archived;
    },
    send: (conversation, { text: content }) =>
      line.sendText(conversation.tenant, { to: conversation.contactPhone, text: content, source: 'colleague' }),
  };

  return {
    inbound: (order) => line.receive(tenantOf(order), talk(order)),
    'phone-sent': (order) => line.phoneSent(tenantOf(order), talk(order)),
    'bot-reply': (order) => line.botReply(tenantOf(order), talk(order)),
    colleague: ({ action, ...order }) => {
      if (!Object.hasOwn(colleagueDoes, action)) throw new BadOrder(`no such action: ${action}`);
      return colleagueDoes[action](conversationOf(tenantOf(order), order), order);
    },
    burst: ({ background = false, ...order }) => {
      const running = line.burst(tenantOf(order), talk(order));
      return background ? { started: true } : running;
    },
    'emit-raw': ({ code, event, payload, args }) => sockets.emitRaw(roomOf(code), event, args ?? [payload]),
  };
}

function queryVerbs({ state, line, sockets, journal, entrance, faults }) {
  const { tenantOf } = finder(state);
  return {
    state: (order) => ({
      conversations: [...tenantOf(order).conversations.values()].map((conversation) => ({
        ...conversationRow(conversation),
        messages: conversation.messages.map(messageRow),
      })),
    }),
    deliveries: (order) => ({ deliveries: line.deliveries(tenantOf(order).code) }),
    requests: () => journal.report(),
    sockets: () => sockets.report(),
    network: () => ({ ...entrance.report(), pendingFaults: faults.pending() }),
  };
}

function faultVerbs({ state, tokens, outage, linking, faults, limiter, sockets, entrance }) {
  return {
    'send-fault': (order) => faults.orderSend(order),
    'http-fault': (order) => faults.orderHttp(order),
    kick: async ({ polite = false }) => ({ kicked: await sockets.kick(polite) }),
    down: () => entrance.down(),
    up: async ({ restarted = false }) => {
      if (restarted) {
        limiter.reset();
        for (const tenant of state.tenants()) linking.forget(tenant);
      }
      await entrance.up();
    },
    refuse: () => entrance.refuse(),
    blackhole: ({ on = true }) => entrance.setBlackhole(on),
    'token-expire-all': () => ({ expired: tokens.expireAll('access') }),
    'token-revoke': () => ({ expired: tokens.expireAll('access') + tokens.expireAll('refresh') }),
    'rate-limit-now': ({ seconds = 5 }) => limiter.exhaust(seconds),
    unauthorized: ({ on = true }) => {
      outage.on = on;
    },
    'event-drop': (order) => sockets.orderFault('drop', order),
    'event-duplicate': (order) => sockets.orderFault('duplicate', order),
    'event-reorder': (order) => sockets.orderFault('reorder', order),
  };
}
