import { iso } from './clock.mjs';

/** An entity's boolean: the backend writes `value || false`, so 1 or false. */
const oneOrFalse = (value) => (value ? 1 : false);
/** A raw column's boolean. */
const bit = (value) => (value ? 1 : 0);

/** A tenant as `client` in auth replies. */
export function clientShape(tenant) {
  return {
    id: tenant.id,
    client_code: tenant.code,
    company_name: tenant.companyName,
    email: tenant.email,
    phone: tenant.phone,
    status: tenant.status,
    created_at: iso(tenant.createdAt),
    updated_at: iso(tenant.updatedAt),
  };
}

/** A message as events carry it: no contact fields. */
export function messageInEvent(message) {
  return {
    id: message.id,
    conversation_id: message.conversation.id,
    message_id: message.messageId,
    sender_type: message.senderType,
    from_me: oneOrFalse(message.senderType !== 'contact'),
    is_from_bot: oneOrFalse(message.senderType === 'bot'),
    content: message.content,
    message_type: message.type,
    media_url: message.mediaUrl,
    file_name: message.fileName,
    media_mimetype: null,
    media_size: null,
    quoted_message_id: null,
    is_read: bit(message.isRead),
    read_at: iso(message.readAt),
    sent_at: iso(message.sentAt),
    delivered_at: null,
    created_at: iso(message.createdAt),
    updated_at: null,
  };
}

/** A message as REST lists it. */
export function messageRow(message) {
  return {
    ...messageInEvent(message),
    contact_phone: message.conversation.contactPhone,
    contact_name: message.conversation.contactName,
  };
}

/** A conversation as events carry it: no counts made from rows. */
export function conversationInEvent(conversation) {
  return {
    id: conversation.id,
    client_id: conversation.tenant.id,
    contact_phone: conversation.contactPhone,
    contact_name: conversation.contactName,
    last_message: conversation.lastMessage,
    last_message_at: iso(conversation.lastMessageAt),
    unread_count: conversation.unreadCount,
    is_archived: oneOrFalse(conversation.isArchived),
    is_pinned: oneOrFalse(conversation.isPinned),
    bot_enabled: bit(conversation.botEnabled),
    created_at: iso(conversation.createdAt),
    updated_at: iso(conversation.updatedAt),
  };
}

/** A conversation as the list has it: a count is a number, a sum is text. */
export function conversationRow(conversation) {
  const { messages } = conversation;
  const unread = messages.filter((message) => !message.isRead).length;
  return {
    ...conversationInEvent(conversation),
    total_messages: messages.length,
    unread_messages: messages.length > 0 ? String(unread) : null,
  };
}

/**
 * Message statistics. Sums are text, except that a tenant without any
 * conversation gets the number 0.
 */
export function statsShape(tenant, messages, periodHours) {
  const sum = sumOver(tenant, messages);
  return {
    total_messages: messages.length,
    manual_messages: sum((message) => message.senderType === 'client'),
    bot_messages: sum((message) => message.senderType === 'bot'),
    received_messages: sum((message) => message.senderType === 'contact'),
    active_conversations: tenant.conversations.size,
    unread_messages: sum((message) => !message.isRead),
    period_hours: periodHours,
  };
}

/** The totals in login, verify and profile. */
export function accountStatsShape(tenant) {
  const messages = allMessages(tenant);
  const sum = sumOver(tenant, messages);
  return {
    totalContacts: tenant.contacts.size,
    totalConversations: tenant.conversations.size,
    totalMessages: messages.length,
    botMessages: sum((message) => message.senderType === 'bot'),
    manualMessages: sum((message) => message.senderType === 'client'),
    totalTemplates: 0,
  };
}

/** Every stored message of a tenant, conversation by conversation. */
export function allMessages(tenant) {
  return [...tenant.conversations.values()].flatMap((conversation) => conversation.messages);
}

/** A SQL SUM over rows: text, or the number 0 where SQL gave NULL. */
export function sumOver(tenant, messages) {
  return (test) => (tenant.conversations.size === 0 ? 0 : String(messages.filter(test).length));
}
