-- Who waits for a first answer, and counts that cost nothing to read.

-- Server time of the first cached message of the contact after the newest own one; kept with the
-- messages. Unsent answers are in the other file: whoever reads this looks there too.
ALTER TABLE conversations ADD COLUMN waiting_since INTEGER;

UPDATE conversations SET waiting_since = (
  SELECT m.sent_at FROM messages m
  WHERE m.conversation_id = conversations.id AND (m.sent_at, m.id) > (
    ifnull((SELECT o.sent_at FROM messages o
      WHERE o.conversation_id = conversations.id AND o.sender <> 0
      ORDER BY o.sent_at DESC, o.id DESC LIMIT 1), -9223372036854775808),
    ifnull((SELECT o.id FROM messages o
      WHERE o.conversation_id = conversations.id AND o.sender <> 0
      ORDER BY o.sent_at DESC, o.id DESC LIMIT 1), -9223372036854775808))
  ORDER BY m.sent_at, m.id LIMIT 1
);

-- The last two columns let filters be counted without the table.
CREATE INDEX conversations_waiting ON conversations (waiting_since, id, unread, bot_enabled)
  WHERE waiting_since IS NOT NULL;

ALTER TABLE totals ADD COLUMN waiting INTEGER NOT NULL DEFAULT 0;
ALTER TABLE totals ADD COLUMN unread_messages INTEGER NOT NULL DEFAULT 0;
UPDATE totals SET
  waiting = (SELECT count(*) FROM conversations WHERE waiting_since IS NOT NULL),
  unread_messages = (SELECT ifnull(sum(unread), 0) FROM conversations);

DROP TRIGGER conversations_counted_in;
DROP TRIGGER conversations_counted_out;
DROP TRIGGER conversations_recounted;
CREATE TRIGGER conversations_counted_in AFTER INSERT ON conversations BEGIN
  UPDATE totals SET
    conversations = conversations + 1,
    unread = unread + (new.unread > 0),
    bot = bot + (new.bot_enabled <> 0),
    unread_bot = unread_bot + (new.unread > 0 AND new.bot_enabled <> 0),
    waiting = waiting + (new.waiting_since IS NOT NULL),
    unread_messages = unread_messages + new.unread;
END;
CREATE TRIGGER conversations_counted_out AFTER DELETE ON conversations BEGIN
  UPDATE totals SET
    conversations = conversations - 1,
    unread = unread - (old.unread > 0),
    bot = bot - (old.bot_enabled <> 0),
    unread_bot = unread_bot - (old.unread > 0 AND old.bot_enabled <> 0),
    waiting = waiting - (old.waiting_since IS NOT NULL),
    unread_messages = unread_messages - old.unread;
END;
CREATE TRIGGER conversations_recounted
AFTER UPDATE OF unread, bot_enabled, waiting_since ON conversations
WHEN new.unread <> old.unread OR new.bot_enabled <> old.bot_enabled
  OR (new.waiting_since IS NULL) <> (old.waiting_since IS NULL) BEGIN
  UPDATE totals SET
    unread = unread - (old.unread > 0) + (new.unread > 0),
    bot = bot - (old.bot_enabled <> 0) + (new.bot_enabled <> 0),
    unread_bot = unread_bot - (old.unread > 0 AND old.bot_enabled <> 0)
      + (new.unread > 0 AND new.bot_enabled <> 0),
    waiting = waiting - (old.waiting_since IS NOT NULL) + (new.waiting_since IS NOT NULL),
    unread_messages = unread_messages - old.unread + new.unread;
END;
