import express from 'express';
import { iso } from '../clock.mjs';
import { looseInteger, page, refuse } from '../replies.mjs';

const NO_CONVERSATION = 'No existe esa conversación';
const MONTHLY_LIMITS = { messages: 2500, tokens: 100_000 };

/** The bot switches under `/api/messages`. None of them emits an event. */
export function createBot({ state }) {
  const router = express.Router();
  const all = (req) => [...req.tenant.conversations.values()];

  for (const [verb, enabled] of [['enable', true], ['disable', false]]) {
    const done = enabled ? 'Bot encendido' : 'Bot apagado';

    router.post(`/conversation/:id/bot/${verb}`, (req, res) => {
      const conversation = state.conversation(looseInteger(req.params.id));
      if (!conversation) return refuse(res, 404, NO_CONVERSATION);
      if (conversation.tenant !== req.tenant) return refuse(res, 403, 'La conversación es de otra cuenta');
      state.switchBot(conversation, enabled);
      return res.json({
        success: true,
        message: done,
        conversation: { ...identity(conversation), bot_enabled: enabled },
      });
    });

    router.post(`/bot/${verb}-all`, (req, res) => {
      for (const conversation of all(req)) state.switchBot(conversation, enabled);
      res.json({
        success: true,
        message: `${done} en todas`,
        affected_conversations: req.tenant.conversations.size,
        client_id: req.tenant.id,
      });
    });
  }

  router.get('/conversation/:id/bot/status', (req, res) => {
    const conversation = state.conversation(looseInteger(req.params.id));
    if (!conversation) return refuse(res, 404, NO_CONVERSATION);
    if (conversation.tenant !== req.tenant) return refuse(res, 403, 'La conversación es de otra cuenta');
    return res.json({
      success: true,
      conversation: {
        ...identity(conversation),
        bot_enabled: conversation.botEnabled ? 1 : 0,
        last_message_at: iso(conversation.lastMessageAt),
      },
    });
  });

  router.get('/bot/status', (req, res) => {
    const total = req.tenant.conversations.size;
    const enabled = all(req).filter((conversation) => conversation.botEnabled).length;
    res.json({
      success: true,
      bot_status: {
        total_conversations: total,
        bot_enabled_conversations: total === 0 ? 0 : String(enabled),
        bot_disabled_conversations: total === 0 ? 0 : String(total - enabled),
        bot_enabled_percentage: total === 0 ? 0 : ((enabled * 100) / total).toFixed(2),
        client_id: req.tenant.id,
      },
    });
  });

  router.post('/bot/toggle', (req, res) => {
    req.tenant.botEnabled = !req.tenant.botEnabled;
    const enabled = req.tenant.botEnabled;
    res.json({
      success: true,
      message: enabled ? 'Bot encendido para la cuenta' : 'Bot apagado para la cuenta',
      data: { is_enabled: enabled, status: enabled ? 'enabled' : 'disabled' },
    });
  });

  router.get('/bot/disabled-conversations', (req, res) => {
    const { limit, offset } = page(req.query);
    const off = all(req).filter((conversation) => !conversation.botEnabled)
      .sort((a, b) => b.lastMessageAt - a.lastMessageAt);
    const rows = off.slice(offset, offset + limit).map((conversation) => ({
      ...identity(conversation),
      last_message: conversation.lastMessage,
      last_message_at: iso(conversation.lastMessageAt),
      unread_count: conversation.unreadCount,
      bot_enabled: 0,
      created_at: iso(conversation.createdAt),
      updated_at: iso(conversation.updatedAt),
    }));
    const pagination = { total: off.length, limit, offset, hasMore: offset + limit < off.length };
    res.json({ success: true, data: rows, pagination });
  });

  router.post('/bot/enable-conversations', (req, res) => {
    const ids = req.body.conversation_ids;
    if (!Array.isArray(ids) || ids.length === 0) return refuse(res, 400, 'Falta la lista de conversaciones');
    const found = all(req).filter(({ id }) => ids.includes(id));
    if (found.length !== ids.length) return refuse(res, 400, 'Alguna conversación no existe o es de otra cuenta');
    for (const conversation of found) state.switchBot(conversation, true);
    return res.json({
      success: true,
      message: `Bot encendido en ${found.length} conversaciones`,
      affected_conversations: found.length,
      conversations: found.map(identity),
    });
  });

  router.get('/bot/quota', (_req, res) => {
    const unused = (limit) => ({ current: 0, limit, remaining: limit, percentage: 0, available: true });
    const { messages, tokens } = MONTHLY_LIMITS;
    res.json({
      success: true,
      quota: {
        usage: 0,
        limit: messages,
        remaining: messages,
        percentage: 0,
        tokenUsage: 0,
        tokenLimit: tokens,
        tokensRemaining: tokens,
        tokenPercentage: 0,
        resetDate: firstOfNextMonth(),
        status: 'active',
        allowed: true,
        limits: { messages: unused(messages), tokens: unused(tokens) },
      },
      message: 'Queda cupo este mes',
    });
  });

  return router;
}

function identity(conversation) {
  return { id: conversation.id, contact_phone: conversation.contactPhone, contact_name: conversation.contactName };
}

function firstOfNextMonth() {
  const now = new Date();
  return new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + 1, 1)).toISOString().slice(0, 10);
}
