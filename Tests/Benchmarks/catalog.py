"""A catalog of any number of files, as a busy media server leaves one behind: `fill(state, …)`.

Names and keys are those of a media store two levels deep. Of the files, some are queued and lie in
the cache whole, some are clean and cached, and the others are in the store only.

SQLite makes the rows by itself, in the order of their keys, and the indexes at the end: ten million
files take minutes that way, not an hour.
"""
import os
import pathlib
import sqlite3
import time

PER_DIRECTORY = 100
# In bytes: of a thumbnail. What is cached is a hole of this size, so that making it costs nothing.
SIZE = 4_096
DIRECTORY, REGULAR = 4, 8
TABLES = ("inode", "entry", "content", "extent", "journal")

FAST = """
    PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA locking_mode = EXCLUSIVE;
    PRAGMA cache_size = -524288; PRAGMA threads = 2;
    """
# A row for each file: `content` is 0 where nothing is cached. Every so many files one is queued,
# and the next one cached, so that both lie everywhere in the tree. Content files are numbered on.
FILES = """
    CREATE TEMP TABLE file AS
    WITH RECURSIVE number(n) AS (
      SELECT 0 UNION ALL SELECT n + 1 FROM number WHERE n + 1 < :files)
    SELECT n,
      :queued_every > 0 AND n % :queued_every = 0 AS queued,
      :cached_every > 0 AND n % :cached_every = 1 AS cached
    FROM number;
    """
INODES = """
    INSERT INTO inode (id, kind, permissions, uid, gid, links, accessed, modified, changed, size,
      object_key, object_etag, version, committed_version, attributes_known, content, listed,
      object_size, base_size)
    """
TOPS = INODES + """
    SELECT :first + n, :directory, 493, 0, 0, 1, :now, :now, :now, 0, NULL, NULL, 0, 0, 1, 0, :now,
      0, 0
    FROM file WHERE n < :tops
    """
MIDDLES = INODES + """
    SELECT :first + :tops + n, :directory, 493, 0, 0, 1, :now, :now, :now, 0, NULL, NULL, 0, 0, 1,
      0, :now, 0, 0
    FROM file WHERE n < :middles
    """
REGULARS = INODES + """
    SELECT :inode + n, :regular, 420, 0, 0, 1, :now, :now, :now, :size,
      iif(queued, NULL, printf('%03x/%02x/%08x-original.jpeg', n / 10000, n / 100 % 100, n)),
      iif(queued, NULL, printf('"%032d"', n)), 1, NOT queued, 1,
      iif(queued OR cached, :content + n, 0), NULL, iif(queued, 0, :size), iif(queued, 0, :size)
    FROM file
    """
ENTRIES = (
    """INSERT INTO entry (parent, name, inode)
    SELECT 1, printf('%03x', n), :first + n FROM file WHERE n < :tops""",
    """INSERT INTO entry (parent, name, inode)
    SELECT :first + n / 100, printf('%02x', n % 100), :first + :tops + n
    FROM file WHERE n < :middles""",
    """INSERT INTO entry (parent, name, inode)
    SELECT :first + :tops + n / 100, printf('%08x-original.jpeg', n), :inode + n FROM file""")
CONTENTS = (
    """INSERT INTO content (id, inode)
    SELECT :content + n, :inode + n FROM file WHERE queued OR cached""",
    """INSERT INTO extent (content, start, end, accessed, sums)
    SELECT :content + n, 0, :size, :now, zeroblob(4) FROM file WHERE cached""",
    "INSERT INTO journal (inode, since, due) SELECT :inode + n, :now, :now FROM file WHERE queued")


def place(number):
    """The path of a file."""
    directory = number // PER_DIRECTORY
    return f"{directory // 100:03x}/{directory % 100:02x}/{number:08x}-original.jpeg"


def fill(state, files, queued=0, cached=0):
    """Fills the catalog that an unmounted daemon has left in `state`.

    The file of number `n` has the path `place(n)`; inodes are numbered on from what is there.
    """
    path = pathlib.Path(state) / "catalog.sqlite"
    database = sqlite3.connect(path, isolation_level=None)
    database.executescript(FAST)
    first, content = (
        database.execute(f"SELECT coalesce(max(id), 0) + 1 FROM {table}").fetchone()[0]
        for table in ("inode", "content"))
    middles = -(-files // PER_DIRECTORY)
    tops = -(-middles // 100)
    values = {
        "files": files, "first": first, "tops": tops, "middles": middles,
        "inode": first + tops + middles, "content": content, "now": time.time_ns(), "size": SIZE,
        "directory": DIRECTORY, "regular": REGULAR,
        "queued_every": files // queued if queued else 0,
        "cached_every": files // cached if cached else 0}
    indexes = database.execute(
        "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL"
        f" AND tbl_name IN ({', '.join('?' * len(TABLES))})", TABLES).fetchall()
    database.execute("BEGIN")
    for name, _ in indexes:
        database.execute(f"DROP INDEX {name}")
    for statement in (FILES, TOPS, MIDDLES, REGULARS, *ENTRIES, *CONTENTS):
        database.execute(statement, values)
    database.execute("UPDATE inode SET listed = :now WHERE id = 1", values)
    for _, statement in indexes:
        database.execute(statement)
    contents = [row[0] for row in database.execute(
        "SELECT id FROM content WHERE id >= ?", [content])]
    database.execute("COMMIT")
    database.execute("PRAGMA locking_mode = NORMAL")
    database.execute("PRAGMA journal_mode = WAL")
    database.close()
    for number in contents:
        make_content(state, number)


def make_content(state, number):
    directory = pathlib.Path(state) / "content" / f"{number & 255:02x}"
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(directory / str(number), os.O_CREAT | os.O_WRONLY, 0o600)
    os.ftruncate(descriptor, SIZE)
    os.close(descriptor)
