import { pause, wholeSecond } from './clock.mjs';
import { addressOf } from './numbers.mjs';
import { conversationInEvent, messageInEvent, statsShape } from './shapes.mjs';
import { DuplicateContact, STATS_WINDOW_MS } from './state.mjs';

const FOLDERS = {
  image: { folder: 'images', extension: 'jpg' },
  document: { folder: 'documents', extension: 'pdf' },
  audio: { folder: 'audio', extension: 'mp3' },
  video: { folder: 'video', extension: 'mp4' },
};
const KNOWN_TYPES = new Set([...Object.keys(FOLDERS), 'text', 'sticker', 'location', 'contact_card']);

/** The backend's own idea of its address, which is often wrong for others. */
const MEDIA_BASE = 'http://localhost:3000';

/** How long after a file was sent the library reports it, in milliseconds. */
const REPORT_DELAY_MS = [40, 250];

/** WhatsApp accepted nothing: the send ends in a 500. */
export class SendFailed extends Error {
  constructor(reason) {
    super(`No se pudo enviar tras 3 intentos: ${reason}`);
    this.name = 'SendFailed';
  }
}

/**
 * The simulated WhatsApp of all tenants: what it is given to deliver, what
 * arrives from it, and what the backend stores and emits for both.
 */
export class Line {
  #state;
  #sockets;
  #chance;
  #deliveries = [];
  #files = new Map();

  constructor({ state, sockets, chance }) {
    this.#state = state;
    this.#sockets = sockets;
    this.#chance = chance;
  }

  reset() {
    this.#deliveries = [];
    this.#files.clear();
  }

  /** What reached WhatsApp for a tenant, in order. */
  deliveries(code) {
    return this.#deliveries.filter((delivery) => delivery.code === code);
  }

  /** The bytes under an `/uploads` path, if they were kept. */
  file(path) {
    return this.#files.get(path);
  }

  isLinked(tenant) {
    return tenant.link.status === 'connected';
  }

  /**
   * What happens before WhatsApp is asked: the conversation exists afterwards
   * and its bot is off, even when the send then fails.
   */
  prepareSend(tenant, to) {
    if (typeof to !== 'string') throw new TypeError('to.includes no es una función');
    const address = addressOf(to);
    const conversation = this.#state.openConversation(tenant, address);
    this.#state.switchBot(conversation, false);
    return { address, conversation };
  }

  /**
   * Sends a text and echoes it, all within this call and so before any reply.
   * Which kind of echo it is (3.3 of the contract) is a matter of chance.
   * `store: false` is a text that WhatsApp has but the history lacks; `echo:
   * false` one whose event is lost.
   */
  sendText(tenant, { to, text, source = 'rest', echo = true, store = true }) {
    const { address, conversation } = this.prepareSend(tenant, to);
    if (text.trim() === '') throw new SendFailed('texto vacío');
    if (address.endsWith('@g.us')) throw new SendFailed('destino desconocido');
    const messageId = this.#deliver(tenant, { address, kind: 'text', text, source });
    if (store) {
      const kindA = this.#chance.next() < 0.5;
      this.#storeOwn(conversation, { messageId, content: text, type: 'text' }, { emit: echo, stats: kindA });
    }
    return { messageId, address };
  }

  /** A text marked as the bot's: delivered, never stored, never emitted. */
  sendAsBot(tenant, { to, text }) {
    const address = addressOf(to);
    const messageId = this.#deliver(tenant, { address, kind: 'text', text: `[BOT] ${text}`, source: 'rest' });
    return { messageId, address };
  }

  /**
   * Sends a file. The row and the echo come later, with the library's report;
   * without that (`echo: false`) the message is never in the history.
   */
  sendFile(tenant, { to, kind, caption, fileName, bytes, mimeType, echo = true, store = true }) {
    const { address, conversation } = this.prepareSend(tenant, to);
    const messageId = this.#deliver(tenant, { address, kind, text: caption, source: 'rest' });
    if (echo && store) {
      const extension = fileName.includes('.') ? fileName.split('.').pop() : FOLDERS[kind].extension;
      const mediaUrl = this.#keepFile(kind, extension, { bytes, mimeType });
      const content = kind === 'document' ? caption || fileName : caption;
      setTimeout(() => {
        this.#storeOwn(conversation, { messageId, content, type: kind, mediaUrl, fileName }, { emit: true, stats: true });
      }, this.#chance.between(...REPORT_DELAY_MS));
    }
    return { messageId, address };
  }

  #deliver(tenant, { address, kind, text, source }) {
    const messageId = this.#state.newMessageId(address, true);
    this.#deliveries.push({ at: new Date().toISOString(), code: tenant.code, to: address, kind, text, messageId, source });
    return messageId;
  }

  #storeOwn(conversation, { messageId, content, type, mediaUrl, fileName, sentAt }, { emit, stats }) {
    if (!this.#isStored(conversation)) return null;
    const updatedAt = conversation.updatedAt;
    this.#state.switchBot(conversation, false);
    const message = this.#state.addMessage(conversation, {
      messageId,
      senderType: 'client',
      content,
      type,
      mediaUrl: mediaUrl ?? null,
      fileName: fileName ?? null,
      sentAt: sentAt ?? Date.now(),
    });
    if (message && emit) this.#announce(message, { stats, botEnabled: false, updatedAt });
    return message;
  }

  #isStored(conversation) {
    return this.#state.conversation(conversation.id) === conversation;
  }

  /**
   * A contact's message. Media take `mediaDelayMs` to download, and are
   * stored and emitted only then. `silent` stores without an event;
   * `unreadShown` puts a counter that lags behind into the event.
   */
  async receive(tenant, { phone, name, mediaDelayMs = 0, messageId, silent = false, unreadShown, sentAt, ...content }) {
    const address = addressOf(phone);
    if (address === 'status@broadcast') return { stored: false, reason: 'status' };
    const arrivedAt = sentAt ?? Date.now();
    const id = messageId ?? this.#state.newMessageId(address, false);
    if (mediaDelayMs > 0) await pause(mediaDelayMs);
    try {
      const conversation = this.#state.openConversation(tenant, address, name);
      const updatedAt = conversation.updatedAt;
      const fields = { messageId: id, senderType: 'contact', sentAt: arrivedAt, ...this.#received(content) };
      const message = this.#state.addMessage(conversation, fields);
      if (!message) return { stored: false, reason: 'known message_id' };
      if (!silent) this.#announce(message, { stats: true, updatedAt, unreadShown });
      return { stored: true, id: message.id, messageId: id, conversationId: conversation.id };
    } catch (error) {
      if (error instanceof DuplicateContact) return { stored: false, reason: error.message };
      throw error;
    }
  }

  #received({ type = 'text', text, fileName, mediaBase64, mimeType }) {
    if (!KNOWN_TYPES.has(type)) return { type: 'text', content: null, mediaUrl: null, fileName: null };
    if (type === 'location') return { type, content: null, mediaUrl: null, fileName: null };
    const madeUp = `${type}_${Date.now()}`;
    if (type === 'sticker') return { type, content: null, mediaUrl: null, fileName: madeUp };
    const place = FOLDERS[type];
    if (!place) return { type, content: text ?? null, mediaUrl: null, fileName: null };
    const name = fileName ?? (type === 'document' ? 'documento.pdf' : madeUp);
    const extension = name.includes('.') ? name.split('.').pop() : place.extension;
    const bytes = mediaBase64 ? Buffer.from(mediaBase64, 'base64') : null;
    const mediaUrl = this.#keepFile(type, extension, { bytes, mimeType });
    return { type, content: text ?? (type === 'document' ? name : null), mediaUrl, fileName: name };
  }

  /** A stored address; without bytes it is one whose file was deleted. */
  #keepFile(type, extension, { bytes, mimeType }) {
    const letters = this.#chance.text(6, 'abcdefghijklmnopqrstuvwxyz0123456789');
    const path = `/uploads/${FOLDERS[type].folder}/${Date.now()}_${letters}.${extension}`;
    if (bytes) this.#files.set(path, { bytes, mimeType: mimeType ?? 'application/octet-stream' });
    return `${MEDIA_BASE}${path}`;
  }

  /** The tenant wrote on the handset: kind A, and the bot goes off. */
  phoneSent(tenant, { phone, text, type = 'text', sentAt, silent = false }) {
    const address = addressOf(phone);
    const conversation = this.#state.openConversation(tenant, address, tenant.companyName);
    const messageId = this.#state.newMessageId(address, true);
    const content = { messageId, content: text ?? null, type, sentAt };
    const message = this.#storeOwn(conversation, content, { emit: !silent, stats: true });
    return { id: message.id, messageId, conversationId: conversation.id };
  }

  /** The automatic answer: kind B, whose `conversation` may be absent. */
  botReply(tenant, { phone, text, withConversation = true }) {
    const address = addressOf(phone);
    const conversation = this.#state.openConversation(tenant, address);
    const messageId = this.#state.newMessageId(address, true);
    const fields = { messageId, senderType: 'bot', content: text, type: 'text', mediaUrl: null, fileName: null };
    const message = this.#state.addMessage(conversation, { ...fields, sentAt: Date.now() });
    this.#announce(message, { stats: false, withConversation });
    return { id: message.id, messageId, conversationId: conversation.id };
  }

  #announce(message, { stats, botEnabled, updatedAt, unreadShown, withConversation = true }) {
    const { conversation } = message;
    const { tenant } = conversation;
    const shown = { ...conversationInEvent(conversation) };
    if (botEnabled !== undefined) shown.bot_enabled = botEnabled;
    if (unreadShown !== undefined) shown.unread_count = unreadShown;
    if (updatedAt !== undefined) shown.updated_at = new Date(updatedAt).toISOString();
    const payload = { message: messageInEvent(message), ...(withConversation && { conversation: shown }) };
    this.emit(tenant, 'message:new', payload);
    if (stats) this.emit(tenant, 'stats:updated', { stats: this.#liveStats(tenant) });
  }

  #liveStats(tenant) {
    return statsShape(tenant, this.#state.recentMessages(tenant), STATS_WINDOW_MS / 3_600_000);
  }

  /** An event as the backend frames it: whose it is first, when last. */
  emit(tenant, event, payload) {
    this.#sockets.emit(tenant.code, event, { clientCode: tenant.code, ...payload, timestamp: new Date().toISOString() });
  }

  /** Deletes and announces; the deleter gets the event too. */
  deleteConversation(conversation) {
    this.#state.removeConversation(conversation);
    this.emit(conversation.tenant, 'conversation:deleted', { conversationId: conversation.id });
  }

  /**
   * `count` messages of one contact, `intervalMs` apart, numbered from 1.
   * With `lagging` two of three events carry a counter of the past.
   */
  async burst(tenant, { phone, name, count, intervalMs = 0, text = 'ráfaga', lagging = false }) {
    const results = { stored: 0, lost: 0 };
    let shown;
    for (let number = 1; number <= count; number += 1) {
      const unreadShown = lagging && number % 3 !== 1 ? shown : undefined;
      const result = await this.receive(tenant, { phone, name, text: `${text} ${number}`, unreadShown });
      results[result.stored ? 'stored' : 'lost'] += 1;
      if (lagging && unreadShown === undefined) shown = this.#state.conversation(result.conversationId)?.unreadCount;
      if (number < count) await pause(intervalMs);
    }
    return results;
  }
}

/** Fills a tenant with conversations whose messages lie in the past. */
export function seed(state, chance, tenant, { conversations, messagesEach, unreadEvery = 0 }) {
  const opening = ['Buen día', 'Buenas', 'Hola', 'Qué tal'];
  const matter = ['¿hay turno mañana?', 'paso a retirar hoy', 'mandame el precio', '¿me confirmás la dirección?'];
  const phrase = () => `${opening[chance.between(0, 3)]}, ${matter[chance.between(0, 3)]}`;
  const now = wholeSecond(Date.now());
  for (let index = conversations; index >= 1; index -= 1) {
    const phone = `549116${String(index).padStart(7, '0')}`;
    const address = `${phone}@c.us`;
    const conversation = state.openConversation(tenant, address, `Contacto ${String(index).padStart(4, '0')}`);
    const lastAt = now - index * 60_000;
    for (let back = messagesEach - 1; back >= 0; back -= 1) {
      const own = back % 3 === 1;
      const sentAt = lastAt - back * 45_000;
      state.addMessage(conversation, {
        messageId: state.newMessageId(address, own),
        senderType: own ? 'client' : 'contact',
        content: `${phrase()} (${messagesEach - back})`,
        type: 'text',
        mediaUrl: null,
        fileName: null,
        sentAt,
        createdAt: sentAt,
      });
    }
    if (unreadEvery === 0 || index % unreadEvery !== 0) state.markRead(conversation);
  }
}
