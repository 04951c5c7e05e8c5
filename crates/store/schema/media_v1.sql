-- Files of messages by the address under which the server has them; no row: never asked for.
CREATE TABLE files (
  id INTEGER PRIMARY KEY,
  url TEXT NOT NULL UNIQUE,
  -- The server no longer has it: not to be asked for again.
  gone INTEGER NOT NULL,
  mime TEXT NOT NULL,
  extension TEXT NOT NULL,
  size INTEGER NOT NULL,
  width INTEGER,
  height INTEGER,
  -- Grows with each use; the least goes first.
  used INTEGER NOT NULL
) STRICT;

CREATE INDEX files_by_use ON files (used);

-- Pieces of equal size, so that a part in the middle is read without what lies before it.
CREATE TABLE pieces (
  file_id INTEGER NOT NULL REFERENCES files (id) ON DELETE CASCADE,
  number INTEGER NOT NULL,
  bytes BLOB NOT NULL,
  PRIMARY KEY (file_id, number)
) STRICT;

CREATE TABLE thumbnails (
  file_id INTEGER PRIMARY KEY REFERENCES files (id) ON DELETE CASCADE,
  bytes BLOB NOT NULL
) STRICT;
