#!/usr/bin/env python3
"""Turns the catalog of a daemon that has ended into one of schema version 1, for a test of what the
migrations make of it: `older.py CATALOG DELETED`. What version 1 did not know is left out. So many
deleted objects are remembered besides, for the migrations to take a while.
"""
import os
import pathlib
import sqlite3
import sys
import time


def main(path, deleted):
    old = path + ".old"
    database = sqlite3.connect(old)
    database.executescript((pathlib.Path(__file__).parent / "version1.sql").read_text())
    database.execute("ATTACH ? AS new", [path])

    def columns(schema, table):
        return [row[1] for row in database.execute(f"PRAGMA {schema}.table_info({table})")]

    tables = [row[0] for row in database.execute(
        "SELECT name FROM main.sqlite_schema WHERE type = 'table'"
        " AND name NOT IN ('grdb_migrations', 'sqlite_sequence', 'upload', 'part')")]
    for table in tables:
        known = columns("new", table)
        shared = ", ".join(column for column in columns("main", table) if column in known)
        database.execute(f"INSERT INTO main.{table} ({shared}) SELECT {shared} FROM new.{table}")
    now = time.time_ns()
    database.executemany(
        "INSERT INTO tombstone (key, etag, size, since, done) VALUES (?, 'e', 1, ?, ?)",
        ((f"media/deleted {number}", now, now) for number in range(deleted)))
    database.commit()
    database.execute("DETACH new")
    # As the daemon would have left it.
    database.execute("PRAGMA journal_mode = WAL")
    database.close()
    for suffix in ("-wal", "-shm"):
        if os.path.exists(path + suffix):
            os.unlink(path + suffix)
    os.rename(old, path)


main(sys.argv[1], int(sys.argv[2]))
