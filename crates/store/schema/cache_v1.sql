-- What the server has and can tell again.

CREATE TABLE conversations (
  id INTEGER PRIMARY KEY,
  phone TEXT NOT NULL,
  name TEXT,
  last_message TEXT,
  last_message_at INTEGER,
  unread INTEGER NOT NULL,
  bot_enabled INTEGER NOT NULL,
  total INTEGER,
  older_unknown INTEGER,
  stale INTEGER NOT NULL,
  local_at INTEGER,
  local_preview TEXT,
  -- Place in the list: the later of last_message_at and local_at. A generated column would keep
  -- its index from covering a query.
  sort_at INTEGER NOT NULL,
  -- Coverage, kept with the messages so that reading it costs the same for every size.
  cached INTEGER NOT NULL DEFAULT 0,
  newest_id INTEGER,
  gap INTEGER NOT NULL DEFAULT 0,
  start_known INTEGER NOT NULL DEFAULT 0,
  run INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE INDEX conversations_by_time ON conversations (sort_at DESC, id DESC);
CREATE INDEX conversations_unread ON conversations (sort_at DESC, id DESC) WHERE unread > 0;
CREATE INDEX conversations_by_bot ON conversations (bot_enabled, sort_at DESC, id DESC);
CREATE INDEX conversations_by_phone ON conversations (phone, id DESC);

-- How many there are, so that a page of the list need not count.
CREATE TABLE totals (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  conversations INTEGER NOT NULL,
  unread INTEGER NOT NULL,
  bot INTEGER NOT NULL,
  unread_bot INTEGER NOT NULL
) STRICT;
INSERT INTO totals (id, conversations, unread, bot, unread_bot) VALUES (1, 0, 0, 0, 0);

CREATE TRIGGER conversations_counted_in AFTER INSERT ON conversations BEGIN
  UPDATE totals SET
    conversations = conversations + 1,
    unread = unread + (new.unread > 0),
    bot = bot + (new.bot_enabled <> 0),
    unread_bot = unread_bot + (new.unread > 0 AND new.bot_enabled <> 0);
END;
CREATE TRIGGER conversations_counted_out AFTER DELETE ON conversations BEGIN
  UPDATE totals SET
    conversations = conversations - 1,
    unread = unread - (old.unread > 0),
    bot = bot - (old.bot_enabled <> 0),
    unread_bot = unread_bot - (old.unread > 0 AND old.bot_enabled <> 0);
END;
CREATE TRIGGER conversations_recounted AFTER UPDATE OF unread, bot_enabled ON conversations
WHEN (new.unread > 0) <> (old.unread > 0) OR new.bot_enabled <> old.bot_enabled BEGIN
  UPDATE totals SET
    unread = unread - (old.unread > 0) + (new.unread > 0),
    bot = bot - (old.bot_enabled <> 0) + (new.bot_enabled <> 0),
    unread_bot = unread_bot - (old.unread > 0 AND old.bot_enabled <> 0)
      + (new.unread > 0 AND new.bot_enabled <> 0);
END;

CREATE VIRTUAL TABLE conversation_names USING fts5 (
  name,
  content = 'conversations', content_rowid = 'id', columnsize = 0,
  tokenize = 'unicode61 remove_diacritics 2', prefix = '1 2 3'
);
CREATE TRIGGER conversation_names_in AFTER INSERT ON conversations
WHEN new.name IS NOT NULL BEGIN
  INSERT INTO conversation_names (rowid, name) VALUES (new.id, new.name);
END;
CREATE TRIGGER conversation_names_out AFTER DELETE ON conversations
WHEN old.name IS NOT NULL BEGIN
  INSERT INTO conversation_names (conversation_names, rowid, name)
    VALUES ('delete', old.id, old.name);
END;
CREATE TRIGGER conversation_names_changed AFTER UPDATE OF name ON conversations
WHEN new.name IS NOT old.name BEGIN
  INSERT INTO conversation_names (conversation_names, rowid, name)
    SELECT 'delete', old.id, old.name WHERE old.name IS NOT NULL;
  INSERT INTO conversation_names (rowid, name)
    SELECT new.id, new.name WHERE new.name IS NOT NULL;
END;

-- Any run of three digits or more finds a number without reading all of them.
CREATE VIRTUAL TABLE conversation_phones USING fts5 (
  phone,
  content = 'conversations', content_rowid = 'id', columnsize = 0,
  tokenize = 'trigram'
);
CREATE TRIGGER conversation_phones_in AFTER INSERT ON conversations BEGIN
  INSERT INTO conversation_phones (rowid, phone) VALUES (new.id, new.phone);
END;
CREATE TRIGGER conversation_phones_out AFTER DELETE ON conversations BEGIN
  INSERT INTO conversation_phones (conversation_phones, rowid, phone)
    VALUES ('delete', old.id, old.phone);
END;
CREATE TRIGGER conversation_phones_changed AFTER UPDATE OF phone ON conversations
WHEN new.phone <> old.phone BEGIN
  INSERT INTO conversation_phones (conversation_phones, rowid, phone)
    VALUES ('delete', old.id, old.phone);
  INSERT INTO conversation_phones (rowid, phone) VALUES (new.id, new.phone);
END;

CREATE TABLE messages (
  id INTEGER PRIMARY KEY,
  conversation_id INTEGER NOT NULL,
  message_id TEXT NOT NULL UNIQUE,
  -- 0 contact, 1 client, 2 bot.
  sender INTEGER NOT NULL,
  -- 0 text, 1 image, 2 document, 3 audio, 4 video, 5 sticker, 6 location, 7 contact card.
  kind INTEGER NOT NULL,
  content TEXT,
  sent_at INTEGER NOT NULL,
  has_media INTEGER NOT NULL,
  media_url TEXT,
  media_name TEXT,
  local_id TEXT,
  -- 1: whatever lies directly before this message on the server is cached too, or it is the
  -- conversation's first.
  joined INTEGER NOT NULL,
  -- Lets a search within one conversation intersect two posting lists.
  scope TEXT NOT NULL GENERATED ALWAYS AS ('c' || conversation_id) VIRTUAL
) STRICT;

CREATE INDEX messages_by_time ON messages (conversation_id, sent_at, id);
CREATE INDEX messages_breaks ON messages (conversation_id, sent_at, id) WHERE joined = 0;
CREATE INDEX messages_own ON messages (conversation_id, sent_at, id) WHERE sender <> 0;
CREATE UNIQUE INDEX messages_by_local ON messages (local_id) WHERE local_id IS NOT NULL;

CREATE VIRTUAL TABLE message_texts USING fts5 (
  content, scope,
  content = 'messages', content_rowid = 'id', columnsize = 0,
  tokenize = 'unicode61 remove_diacritics 2', prefix = '2 3 4'
);
CREATE TRIGGER message_texts_in AFTER INSERT ON messages WHEN new.content IS NOT NULL BEGIN
  INSERT INTO message_texts (rowid, content, scope) VALUES (new.id, new.content, new.scope);
END;
CREATE TRIGGER message_texts_out AFTER DELETE ON messages WHEN old.content IS NOT NULL BEGIN
  INSERT INTO message_texts (message_texts, rowid, content, scope)
    VALUES ('delete', old.id, old.content, old.scope);
END;
CREATE TRIGGER message_texts_changed AFTER UPDATE OF content ON messages
WHEN new.content IS NOT old.content BEGIN
  INSERT INTO message_texts (message_texts, rowid, content, scope)
    SELECT 'delete', old.id, old.content, old.scope WHERE old.content IS NOT NULL;
  INSERT INTO message_texts (rowid, content, scope)
    SELECT new.id, new.content, new.scope WHERE new.content IS NOT NULL;
END;

CREATE TABLE tags (
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL,
  color TEXT NOT NULL
) STRICT;
CREATE TABLE phone_tags (
  phone TEXT NOT NULL,
  tag_id INTEGER NOT NULL,
  PRIMARY KEY (phone, tag_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX phone_tags_by_tag ON phone_tags (tag_id, phone);

CREATE TABLE meta (
  key TEXT PRIMARY KEY,
  value TEXT NOT NULL
) STRICT, WITHOUT ROWID;
