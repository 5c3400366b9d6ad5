-- The catalog of schema version 1, as its migration has made it; see older.py.
CREATE TABLE volume (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE inode (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  kind INTEGER NOT NULL,
  permissions INTEGER NOT NULL,
  uid INTEGER NOT NULL,
  gid INTEGER NOT NULL,
  links INTEGER NOT NULL,
  size INTEGER NOT NULL DEFAULT 0,
  accessed INTEGER NOT NULL,
  modified INTEGER NOT NULL,
  changed INTEGER NOT NULL,
  device INTEGER NOT NULL DEFAULT 0,
  target TEXT,
  attributes_known INTEGER NOT NULL,
  attributes_chosen INTEGER NOT NULL DEFAULT 0,
  object_key TEXT,
  object_etag TEXT,
  object_size INTEGER NOT NULL DEFAULT 0,
  base_size INTEGER NOT NULL DEFAULT 0,
  version INTEGER NOT NULL DEFAULT 0,
  committed_version INTEGER NOT NULL DEFAULT 0,
  attribute_version INTEGER NOT NULL DEFAULT 0,
  committed_attribute_version INTEGER NOT NULL DEFAULT 0,
  committed_at INTEGER NOT NULL DEFAULT 0,
  writing INTEGER NOT NULL DEFAULT 0,
  content INTEGER NOT NULL DEFAULT 0,
  listed INTEGER
) STRICT;
CREATE INDEX inode_object ON inode (object_key) WHERE object_key IS NOT NULL;
CREATE INDEX inode_writing ON inode (id) WHERE writing;
CREATE INDEX inode_orphan ON inode (id) WHERE links = 0;
CREATE TABLE entry (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  parent INTEGER NOT NULL,
  name TEXT NOT NULL,
  inode INTEGER NOT NULL,
  UNIQUE (parent, name)
) STRICT;
CREATE INDEX entry_parent ON entry (parent);
CREATE INDEX entry_inode ON entry (inode);
CREATE TABLE content (id INTEGER PRIMARY KEY AUTOINCREMENT, inode INTEGER NOT NULL) STRICT;
CREATE TABLE extent (
  content INTEGER NOT NULL,
  start INTEGER NOT NULL,
  end INTEGER NOT NULL,
  accessed INTEGER NOT NULL,
  PRIMARY KEY (content, start)
) STRICT, WITHOUT ROWID;
CREATE INDEX extent_accessed ON extent (accessed);
CREATE TABLE journal (
  inode INTEGER PRIMARY KEY,
  since INTEGER NOT NULL,
  due INTEGER NOT NULL,
  deep INTEGER NOT NULL DEFAULT 0,
  attempts INTEGER NOT NULL DEFAULT 0,
  parked INTEGER NOT NULL DEFAULT 0,
  error TEXT
) STRICT;
CREATE INDEX journal_due ON journal (parked, due);
CREATE TABLE tombstone (
  key TEXT PRIMARY KEY,
  etag TEXT,
  size INTEGER NOT NULL,
  since INTEGER NOT NULL,
  due INTEGER,
  attempts INTEGER NOT NULL DEFAULT 0,
  parked INTEGER NOT NULL DEFAULT 0,
  error TEXT,
  done INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX tombstone_due ON tombstone (parked, due) WHERE done IS NULL;
CREATE TABLE upload (
  inode INTEGER PRIMARY KEY,
  key TEXT NOT NULL,
  upload TEXT NOT NULL,
  version INTEGER NOT NULL,
  part_size INTEGER NOT NULL
) STRICT;
CREATE TABLE part (
  inode INTEGER NOT NULL,
  number INTEGER NOT NULL,
  etag TEXT NOT NULL,
  size INTEGER NOT NULL,
  PRIMARY KEY (inode, number)
) STRICT, WITHOUT ROWID;
CREATE TABLE grdb_migrations (identifier TEXT NOT NULL PRIMARY KEY);
INSERT INTO grdb_migrations VALUES ('1 inodes, entries, extents, journal, parts');
