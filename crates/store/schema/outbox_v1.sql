-- What exists nowhere else: the queue, drafts, marks, conversations begun here, settings.
--
-- Comments stand outside of the statements, which SQLite stores: the whole schema fits the first
-- page, so that damage elsewhere leaves every other table readable.

-- order_no is never reused: the ids shown for unsent texts are made from it.
CREATE TABLE outbox (
  order_no INTEGER PRIMARY KEY AUTOINCREMENT,
  local_id TEXT NOT NULL UNIQUE,
  conversation_id INTEGER NOT NULL,
  phone TEXT NOT NULL,
  text TEXT NOT NULL,
  file TEXT,
  written_at INTEGER NOT NULL,
  state TEXT NOT NULL,
  hold TEXT,
  attempts INTEGER NOT NULL,
  consents INTEGER NOT NULL,
  baseline INTEGER,
  message_id TEXT,
  error TEXT
) STRICT;

CREATE INDEX outbox_by_phone ON outbox (phone, order_no);
CREATE INDEX outbox_by_message ON outbox (message_id) WHERE message_id IS NOT NULL;

CREATE TABLE drafts (
  phone TEXT PRIMARY KEY,
  text TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE pending_reads (
  conversation_id INTEGER PRIMARY KEY,
  up_to INTEGER
) STRICT;

CREATE TABLE local_conversations (
  id INTEGER PRIMARY KEY,
  phone TEXT NOT NULL,
  server_id INTEGER
) STRICT;

CREATE TABLE settings (
  key TEXT PRIMARY KEY,
  value TEXT NOT NULL
) STRICT, WITHOUT ROWID;
