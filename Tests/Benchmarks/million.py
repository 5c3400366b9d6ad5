"""A catalog of a million files, as a busy media server leaves one behind: `fill(state, …)`.

Names and keys are those of a media store two levels deep. Of the files, some are queued and lie in
the cache whole, some are clean and cached, and the others are in the store only.
"""
import os
import pathlib
import sqlite3
import time

FILES = 1_000_000
QUEUED = 100_000
CACHED = 100_000
PER_DIRECTORY = 100
# In bytes: of a thumbnail. What is cached is a hole of this size, so that making it costs nothing.
SIZE = 4_096
DIRECTORY, REGULAR = 4, 8


def place(number):
    """The path of a file, in three parts."""
    directory = number // PER_DIRECTORY
    return f"{directory // 100:03x}", f"{directory % 100:02x}", f"{number:08x}-original.jpeg"


def fill(state, files=FILES, queued=QUEUED, cached=CACHED):
    """Fills the catalog that an unmounted daemon has left in `state`; returns a path of each sort.

    Inodes, entries and contents are numbered on from what is there.
    """
    database = sqlite3.connect(pathlib.Path(state) / "catalog.sqlite")
    database.executescript("PRAGMA synchronous = OFF; PRAGMA cache_size = -262144;")
    now = time.time_ns()
    first = database.execute("SELECT max(id) + 1 FROM inode").fetchone()[0]
    inodes, names, parents = [], [], {"": 1}

    def directory(path, parent, name):
        if path not in parents:
            parents[path] = first + len(inodes)
            inodes.append((parents[path], DIRECTORY, 0o755, now, now, now, 0, None, None, 0, 0, 1, 0, now))
            names.append((parent, name, parents[path]))
        return parents[path]

    contents, extents, journal = [], [], []
    for number in range(files):
        top, middle, name = place(number)
        parent = directory(f"{top}/{middle}", directory(top, 1, top), middle)
        inode = first + len(inodes)
        # Queued and cached ones lie everywhere in the tree.
        is_queued = number % (files // queued) == 0
        is_cached = number % (files // cached) == 1
        content = 0
        if is_queued or is_cached:
            content = len(contents) + 1
            contents.append((content, inode))
        if is_cached:
            extents.append((content, 0, SIZE, now))
        if is_queued:
            journal.append((inode, now, now))
            inodes.append((inode, REGULAR, 0o644, now, now, now, SIZE, None, None, 1, 0, 1, content, None))
        else:
            key = f"{top}/{middle}/{name}"
            inodes.append(
                (inode, REGULAR, 0o644, now, now, now, SIZE, key, f'"{number:032x}"', 1, 1, 1, content, None))
        names.append((parent, name, inode))
    with database:
        database.executemany(
            """
            INSERT INTO inode (id, kind, permissions, uid, gid, links, accessed, modified, changed,
              size, object_key, object_etag, version, committed_version, attributes_known, content,
              listed, object_size, base_size)
            VALUES (?1, ?2, ?3, 0, 0, 1, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14,
              iif(?8 IS NULL, 0, ?7), iif(?8 IS NULL, 0, ?7))
            """, inodes)
        database.executemany("INSERT INTO entry (parent, name, inode) VALUES (?, ?, ?)", names)
        database.executemany("INSERT INTO content (id, inode) VALUES (?, ?)", contents)
        database.executemany("INSERT INTO extent VALUES (?, ?, ?, ?, zeroblob(4))", extents)
        database.executemany("INSERT INTO journal (inode, since, due) VALUES (?, ?, ?)", journal)
    database.execute("UPDATE inode SET listed = ? WHERE id = 1", [now])
    database.commit()
    database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    database.close()
    for content, _ in contents:
        path = pathlib.Path(state) / "content" / f"{content & 255:02x}" / str(content)
        descriptor = os.open(path, os.O_CREAT | os.O_WRONLY, 0o600)
        os.ftruncate(descriptor, SIZE)
        os.close(descriptor)
    return ["/".join(place(number)) for number in (files - 1, 0, 1)]
