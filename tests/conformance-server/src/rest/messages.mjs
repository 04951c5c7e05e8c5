import express from 'express';
import { looseInteger, page, refuse, thrown } from '../replies.mjs';
import { allMessages, conversationRow, messageRow, statsShape } from '../shapes.mjs';

const NO_CONVERSATION = 'No existe esa conversación';

/** `/api/messages`: conversations, their messages, search and statistics. */
export function createMessages({ state, line, ties }) {
  const router = express.Router();

  router.get('/conversations', (req, res) => {
    const { limit, offset } = page(req.query);
    const archived = req.query.archived === 'true';
    const matches = likePattern(req.query.search);
    const found = [...req.tenant.conversations.values()].filter((conversation) =>
      conversation.isArchived === archived
      && (!matches || matches.test(plain(conversation.contactName)) || matches.test(conversation.contactPhone)));
    const rows = ties.order(found, (conversation) => -conversation.lastMessageAt).slice(offset, offset + limit);
    res.json({
      success: true,
      conversations: rows.map(conversationRow),
      pagination: { limit, offset, total: rows.length },
    });
  });

  router.get('/conversation/:id', (req, res) => {
    const { limit, offset } = page(req.query);
    const id = looseInteger(req.params.id);
    // Whose conversation it is is not asked.
    const stored = state.conversation(id)?.messages ?? [];
    const rows = offset === 0 ? newest(stored, limit) : fromOldest(stored, req.query, limit, offset);
    res.json({
      success: true,
      messages: rows.map(messageRow),
      conversation_id: id,
      pagination: { limit, offset, total: rows.length },
    });
  });

  /** Offset 0 means the newest page, and ignores the filters. */
  function newest(stored, limit) {
    return limit === 0 ? [] : ties.order(stored, (message) => message.sentAt).slice(-limit);
  }

  /** Any other offset counts from the oldest message. */
  function fromOldest(stored, { messageType, senderType }, limit, offset) {
    const wanted = stored.filter((message) =>
      (!messageType || message.type === messageType) && (!senderType || message.senderType === senderType));
    return ties.order(wanted, (message) => message.sentAt).slice(offset, offset + limit);
  }

  router.delete('/conversation/:id', (req, res) => {
    const conversation = req.tenant.conversations.get(looseInteger(req.params.id));
    if (!conversation) return refuse(res, 404, NO_CONVERSATION);
    line.deleteConversation(conversation);
    return res.json({ success: true, message: 'Conversación borrada', conversation_id: conversation.id });
  });

  router.post('/conversation/:id/read', (req, res) => {
    const conversation = state.conversation(looseInteger(req.params.id));
    if (!conversation) throw thrown(NO_CONVERSATION);
    state.markRead(conversation);
    res.json({ success: true, message: 'Conversación leída', conversation_id: conversation.id });
  });

  router.get('/search', (req, res) => {
    const { q, conversationId } = req.query;
    if (!q) return refuse(res, 400, 'Falta el parámetro "q"');
    const { limit, offset } = page(req.query);
    const matches = likePattern(q);
    const within = conversationId === undefined ? null : looseInteger(conversationId);
    const found = allMessages(req.tenant).filter((message) =>
      message.content !== null
      && matches.test(plain(message.content))
      && (within === null || message.conversation.id === within));
    const rows = ties.order(found, (message) => -message.sentAt).slice(offset, offset + limit);
    return res.json({
      success: true,
      messages: rows.map(messageRow),
      search_term: q,
      pagination: { limit, offset, total: rows.length },
    });
  });

  router.get('/stats', (req, res) => {
    const hours = looseInteger(req.query.hours ?? '24');
    const since = Date.now() - hours * 3_600_000;
    const messages = allMessages(req.tenant).filter((message) => message.sentAt >= since);
    res.json({ success: true, stats: statsShape(req.tenant, messages, hours) });
  });

  router.post('/send', (_req, res) => {
    const redirect = 'POST /api/whatsapp/send-message';
    res.json({ success: true, message: `Para enviar está ${redirect}`, redirect });
  });

  router.post('/send-bulk', (_req, res) => {
    const redirect = 'POST /api/messages/campaigns';
    res.json({ success: true, message: `Para envíos masivos está ${redirect}`, redirect });
  });

  return router;
}

/** How rows of equal time are ordered: by arrival, or anew at each request. */
export class Ties {
  #chance;
  #initial;
  shuffled;

  constructor({ chance, shuffled }) {
    this.#chance = chance;
    this.#initial = shuffled;
    this.shuffled = shuffled;
  }

  reset() {
    this.shuffled = this.#initial;
  }

  /** Sorted ascending by `key`. */
  order(rows, key) {
    const tagged = rows.map((row) => ({ row, key: key(row), tie: this.shuffled ? this.#chance.next() : 0 }));
    tagged.sort((a, b) => a.key - b.key || a.tie - b.tie);
    return tagged.map(({ row }) => row);
  }
}

/** SQL LIKE '%text%', in which `%` and `_` stay wild; null without a text. */
function likePattern(text) {
  if (!text) return null;
  const escaped = plain(String(text)).replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  return new RegExp(escaped.replaceAll('%', '[^]*').replaceAll('_', '[^]'), 'i');
}

/** Without accents: the collation does not see them. */
function plain(text) {
  return text.normalize('NFD').replace(/\p{Mn}/gu, '');
}
