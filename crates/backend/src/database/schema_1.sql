CREATE TABLE settings (
    name  TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE tenants (
    id                INTEGER PRIMARY KEY AUTOINCREMENT,
    client_code       TEXT NOT NULL UNIQUE COLLATE NOCASE,
    company_name      TEXT NOT NULL,
    email             TEXT,
    phone             TEXT,
    status            TEXT NOT NULL DEFAULT 'active',
    password_hash     TEXT NOT NULL,
    bot_enabled       INTEGER NOT NULL DEFAULT 1,
    monthly_bot_limit INTEGER NOT NULL DEFAULT 2500,
    bot_usage         INTEGER NOT NULL DEFAULT 0,
    token_usage       INTEGER NOT NULL DEFAULT 0,
    last_seq          INTEGER NOT NULL DEFAULT 0,
    created_at        INTEGER NOT NULL,
    updated_at        INTEGER NOT NULL
) STRICT;

-- What the server remembers of a tenant's link to WhatsApp; it can lie (contract 4.13).
CREATE TABLE whatsapp_sessions (
    id            INTEGER PRIMARY KEY AUTOINCREMENT,
    tenant_id     INTEGER NOT NULL UNIQUE REFERENCES tenants (id) ON DELETE CASCADE,
    phone_number  TEXT,
    status        TEXT NOT NULL,
    connected_at  INTEGER,
    last_activity INTEGER NOT NULL
) STRICT;

CREATE TABLE contacts (
    id           INTEGER PRIMARY KEY AUTOINCREMENT,
    tenant_id    INTEGER NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
    phone_number TEXT NOT NULL,
    name         TEXT,
    custom_name  TEXT,
    comments     TEXT,
    is_blocked   INTEGER NOT NULL DEFAULT 0,
    created_at   INTEGER NOT NULL,
    updated_at   INTEGER NOT NULL,
    UNIQUE (tenant_id, phone_number)
) STRICT;

CREATE TABLE tags (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    tenant_id   INTEGER NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
    name        TEXT NOT NULL,
    color       TEXT NOT NULL,
    description TEXT,
    created_at  INTEGER NOT NULL,
    updated_at  INTEGER NOT NULL,
    UNIQUE (tenant_id, name)
) STRICT;

CREATE TABLE contact_tags (
    contact_id  INTEGER NOT NULL REFERENCES contacts (id) ON DELETE CASCADE,
    tag_id      INTEGER NOT NULL REFERENCES tags (id) ON DELETE CASCADE,
    assigned_at INTEGER NOT NULL,
    PRIMARY KEY (contact_id, tag_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE templates (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    tenant_id   INTEGER NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
    name        TEXT NOT NULL,
    content     TEXT NOT NULL,
    variables   TEXT NOT NULL DEFAULT '[]',
    category    TEXT NOT NULL DEFAULT 'general',
    is_active   INTEGER NOT NULL DEFAULT 1,
    usage_count INTEGER NOT NULL DEFAULT 0,
    created_at  INTEGER NOT NULL,
    updated_at  INTEGER NOT NULL,
    UNIQUE (tenant_id, name)
) STRICT;

CREATE TABLE conversations (
    id              INTEGER PRIMARY KEY AUTOINCREMENT,
    tenant_id       INTEGER NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
    contact_phone   TEXT NOT NULL,
    contact_name    TEXT,
    last_message    TEXT,
    last_message_at INTEGER NOT NULL,
    unread_count    INTEGER NOT NULL DEFAULT 0,
    is_archived     INTEGER NOT NULL DEFAULT 0,
    is_pinned       INTEGER NOT NULL DEFAULT 0,
    bot_enabled     INTEGER NOT NULL DEFAULT 1,
    created_at      INTEGER NOT NULL,
    updated_at      INTEGER NOT NULL,
    UNIQUE (tenant_id, contact_phone)
) STRICT;

CREATE INDEX conversations_by_activity
    ON conversations (tenant_id, is_archived, last_message_at DESC);

CREATE TABLE messages (
    id              INTEGER PRIMARY KEY AUTOINCREMENT,
    tenant_id       INTEGER NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
    conversation_id INTEGER NOT NULL REFERENCES conversations (id) ON DELETE CASCADE,
    message_id      TEXT NOT NULL,
    sender_type     TEXT NOT NULL,
    content         TEXT,
    message_type    TEXT NOT NULL,
    media_path      TEXT,
    file_name       TEXT,
    is_read         INTEGER NOT NULL,
    read_at         INTEGER,
    sent_at         INTEGER NOT NULL,
    created_at      INTEGER NOT NULL,
    UNIQUE (tenant_id, message_id)
) STRICT;

CREATE INDEX messages_in_order ON messages (conversation_id, sent_at, id);
CREATE INDEX messages_unread ON messages (conversation_id) WHERE is_read = 0;
CREATE INDEX messages_by_time ON messages (tenant_id, sent_at);

-- Messages counted by the minute they were sent in, so that the counts of the last hours, which
-- follow every message, cost the same however many messages those hours had.
CREATE TABLE message_minutes (
    tenant_id INTEGER NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
    minute    INTEGER NOT NULL,
    messages  INTEGER NOT NULL,
    manual    INTEGER NOT NULL,
    bot       INTEGER NOT NULL,
    received  INTEGER NOT NULL,
    unread    INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, minute)
) STRICT, WITHOUT ROWID;

CREATE TRIGGER message_counted AFTER INSERT ON messages BEGIN
    INSERT INTO message_minutes VALUES (
        new.tenant_id, new.sent_at / 60000, 1, new.sender_type = 'client',
        new.sender_type = 'bot', new.sender_type = 'contact', new.is_read = 0
    )
    ON CONFLICT (tenant_id, minute) DO UPDATE SET messages = messages + 1,
        manual = manual + excluded.manual, bot = bot + excluded.bot,
        received = received + excluded.received, unread = unread + excluded.unread;
END;

CREATE TRIGGER message_uncounted AFTER DELETE ON messages BEGIN
    UPDATE message_minutes SET messages = messages - 1,
        manual = manual - (old.sender_type = 'client'), bot = bot - (old.sender_type = 'bot'),
        received = received - (old.sender_type = 'contact'), unread = unread - (old.is_read = 0)
    WHERE tenant_id = old.tenant_id AND minute = old.sent_at / 60000;
END;

CREATE TRIGGER message_read AFTER UPDATE OF is_read ON messages
WHEN old.is_read <> new.is_read BEGIN
    UPDATE message_minutes SET unread = unread + (new.is_read = 0) - (old.is_read = 0)
    WHERE tenant_id = new.tenant_id AND minute = new.sent_at / 60000;
END;

-- What reached WhatsApp, once per row. `client_message_id` is the idempotency key of the send.
CREATE TABLE deliveries (
    id                INTEGER PRIMARY KEY AUTOINCREMENT,
    tenant_id         INTEGER NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
    message_id        TEXT NOT NULL,
    recipient         TEXT NOT NULL,
    kind              TEXT NOT NULL,
    text              TEXT,
    file_name         TEXT,
    media_path        TEXT,
    client_message_id TEXT,
    accepted_at       INTEGER NOT NULL
) STRICT;

CREATE UNIQUE INDEX deliveries_once
    ON deliveries (tenant_id, client_message_id) WHERE client_message_id IS NOT NULL;

-- The event log behind GET /api/events.
CREATE TABLE events (
    tenant_id INTEGER NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
    seq       INTEGER NOT NULL,
    event     TEXT NOT NULL,
    payload   TEXT NOT NULL,
    PRIMARY KEY (tenant_id, seq)
) STRICT, WITHOUT ROWID;
