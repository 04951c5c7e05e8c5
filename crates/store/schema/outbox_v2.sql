-- Mutes with an end, and the bytes of files that wait to be sent.

-- until NULL: for good.
CREATE TABLE mutes (
  conversation_id INTEGER PRIMARY KEY,
  until INTEGER
) STRICT;
INSERT OR IGNORE INTO mutes (conversation_id, until)
  SELECT muted.value, NULL
  FROM settings, json_each(
    CASE WHEN json_valid(settings.value) THEN settings.value ELSE '{}' END, '$.mutedConversations'
  ) AS muted
  WHERE settings.key = 'settings' AND muted.type = 'integer';
DELETE FROM settings WHERE key = 'settings';

-- A copy, for the file itself may be gone before there is a network. It goes with its row, and when
-- the server has it.
CREATE TABLE outbox_files (
  order_no INTEGER PRIMARY KEY,
  bytes BLOB NOT NULL
) STRICT;
CREATE TRIGGER outbox_files_out AFTER DELETE ON outbox BEGIN
  DELETE FROM outbox_files WHERE order_no = old.order_no;
END;
CREATE TRIGGER outbox_files_sent AFTER UPDATE OF state ON outbox WHEN new.state = 'sent' BEGIN
  DELETE FROM outbox_files WHERE order_no = old.order_no;
END;
