import { wholeSecond } from './clock.mjs';
import { contactNumber, lookupKey } from './numbers.mjs';

/** How far back the live statistics look. */
export const STATS_WINDOW_MS = 24 * 3600 * 1000;

/** A second conversation for one contact: the database's unique index says no. */
export class DuplicateContact extends Error {
  constructor(tenant, contact) {
    super(`Duplicate entry '${tenant.id}-${contact.id}' for key 'unique_client_contact'`);
    this.name = 'DuplicateContact';
  }
}

/** Everything the backend would hold in its database. Times are milliseconds. */
export class State {
  #chance;
  #skewMs;
  #tenants = new Map();
  #conversations = new Map();
  #messageIds = new Set();
  #next = { tenant: 1, contact: 1, conversation: 1, message: 1, session: 1 };

  /** `databaseSkewSeconds` shifts the times the database makes by its own clock. */
  constructor({ chance, databaseSkewSeconds }) {
    this.#chance = chance;
    this.#skewMs = databaseSkewSeconds * 1000;
  }

  reset() {
    this.#tenants.clear();
    this.#conversations.clear();
    this.#messageIds.clear();
    this.#next = { tenant: 1, contact: 1, conversation: 1, message: 1, session: 1 };
  }

  /** The database's own clock, whole seconds. */
  databaseNow() {
    return wholeSecond(Date.now() + this.#skewMs);
  }

  /** Creates a tenant, or changes what is given of an existing one. */
  putTenant({ code, password, companyName, email, phone, status }) {
    const now = this.databaseNow();
    const tenant = this.tenant(code) ?? this.#newTenant(code, now);
    tenant.password = password ?? tenant.password;
    tenant.companyName = companyName ?? tenant.companyName;
    tenant.email = email ?? tenant.email;
    tenant.phone = phone ?? tenant.phone;
    tenant.status = status ?? tenant.status;
    tenant.updatedAt = now;
    return tenant;
  }

  #newTenant(code, now) {
    const id = this.#next.tenant++;
    const tenant = {
      id,
      code,
      password: 'secreto-1',
      companyName: `Empresa ${code}`,
      email: `${code.toLowerCase()}@example.test`,
      phone: `+54911${String(40000000 + id)}`,
      status: 'active',
      createdAt: now,
      updatedAt: now,
      conversations: new Map(),
      byPhone: new Map(),
      contacts: new Map(),
      recent: [],
      botEnabled: true,
      link: { status: 'not_initialized', qr: null, qrAt: null },
      session: null,
    };
    this.#tenants.set(code.toLowerCase(), tenant);
    return tenant;
  }

  removeTenant(code) {
    const tenant = this.tenant(code);
    if (!tenant) return false;
    for (const conversation of tenant.conversations.values()) this.removeConversation(conversation);
    return this.#tenants.delete(code.toLowerCase());
  }

  /** Found without regard to case, as the database's collation does. */
  tenant(code) {
    return this.#tenants.get(String(code).toLowerCase());
  }

  tenantById(id) {
    return this.tenants().find((tenant) => tenant.id === id);
  }

  tenants() {
    return [...this.#tenants.values()];
  }

  /** Any tenant's conversation: several routes never ask whose it is. */
  conversation(id) {
    return this.#conversations.get(id);
  }

  /**
   * The conversation of a WhatsApp id, created when missing. `name` is the
   * name a new contact gets.
   *
   * @throws {DuplicateContact} when the number is stored in another spelling
   */
  openConversation(tenant, address, name) {
    const known = tenant.byPhone.get(lookupKey(address));
    if (known) return known;
    const number = contactNumber(address);
    const contact = this.#contact(tenant, number, name ?? lookupKey(address));
    const id = this.#next.conversation++;
    if (tenant.byPhone.has(number)) throw new DuplicateContact(tenant, contact);
    const now = this.databaseNow();
    const conversation = {
      id,
      tenant,
      contactPhone: number,
      contactName: contact.name,
      lastMessage: null,
      lastMessageAt: now,
      unreadCount: 0,
      isArchived: false,
      isPinned: false,
      botEnabled: true,
      createdAt: now,
      updatedAt: now,
      messages: [],
    };
    tenant.conversations.set(id, conversation);
    tenant.byPhone.set(number, conversation);
    this.#conversations.set(id, conversation);
    return conversation;
  }

  #contact(tenant, number, name) {
    let contact = tenant.contacts.get(number);
    if (!contact) {
      contact = { id: this.#next.contact++, name };
      tenant.contacts.set(number, contact);
    }
    return contact;
  }

  /** A fresh WhatsApp message id. */
  newMessageId(address, own) {
    return `${own}_${address}_3EB0${this.#chance.text(18, '0123456789ABCDEF')}`;
  }

  /**
   * Stores a message and the conversation's last message. Null when the
   * WhatsApp id is stored already: it is unique across all tenants.
   */
  addMessage(conversation, { messageId, senderType, content, type, mediaUrl, fileName, sentAt, createdAt }) {
    if (this.#messageIds.has(messageId)) return null;
    this.#messageIds.add(messageId);
    const incoming = senderType === 'contact';
    const message = {
      id: this.#next.message++,
      conversation,
      messageId,
      senderType,
      content: content === '' ? null : content,
      type,
      mediaUrl,
      fileName,
      isRead: !incoming,
      readAt: null,
      sentAt: wholeSecond(sentAt),
      createdAt: createdAt ?? this.databaseNow(),
    };
    placeBySentAt(conversation.messages, message);
    conversation.tenant.recent.push(message);
    if (incoming) conversation.unreadCount += 1;
    conversation.lastMessage = message.content ?? `[${type}]`;
    conversation.lastMessageAt = message.sentAt;
    conversation.updatedAt = this.databaseNow();
    return message;
  }

  /** Sets the counter to 0 and every message read, own ones too. */
  markRead(conversation) {
    const now = this.databaseNow();
    conversation.unreadCount = 0;
    conversation.updatedAt = now;
    for (const message of conversation.messages) {
      message.isRead = true;
      message.readAt = now;
    }
  }

  switchBot(conversation, enabled) {
    if (conversation.botEnabled === enabled) return;
    conversation.botEnabled = enabled;
    conversation.updatedAt = this.databaseNow();
  }

  rename(conversation, name) {
    const contact = conversation.tenant.contacts.get(conversation.contactPhone);
    if (contact) contact.name = name;
    conversation.contactName = name;
    conversation.updatedAt = this.databaseNow();
  }

  /** For good; the contact stays, and a later message opens a new conversation. */
  removeConversation(conversation) {
    const { tenant } = conversation;
    tenant.conversations.delete(conversation.id);
    tenant.byPhone.delete(conversation.contactPhone);
    tenant.recent = tenant.recent.filter((message) => message.conversation !== conversation);
    this.#conversations.delete(conversation.id);
  }

  /** The messages of the last 24 hours; older ones are forgotten from the list. */
  recentMessages(tenant) {
    const since = Date.now() - STATS_WINDOW_MS;
    if (tenant.recent.some((message) => message.sentAt < since)) {
      tenant.recent = tenant.recent.filter((message) => message.sentAt >= since);
    }
    return tenant.recent;
  }

  /** Notes the WhatsApp link in the database, where it outlives a restart. */
  recordSession(tenant, status, phoneNumber) {
    const now = wholeSecond(Date.now());
    tenant.session ??= { id: this.#next.session++, phoneNumber: null, connectedAt: null };
    tenant.session.status = status;
    tenant.session.lastActivity = now;
    if (status !== 'connecting') tenant.session.connectedAt = now;
    tenant.session.phoneNumber = phoneNumber ?? tenant.session.phoneNumber;
  }
}

/** Keeps the list ascending in time; equal seconds in order of arrival. */
function placeBySentAt(messages, message) {
  let place = messages.length;
  while (place > 0 && messages[place - 1].sentAt > message.sentAt) place -= 1;
  messages.splice(place, 0, message);
}
