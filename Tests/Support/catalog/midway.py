#!/usr/bin/env python3
"""midway.py CATALOG APPLIED PROGRAM…: runs a program that migrates a catalog, and kills it as soon
as so many migrations are there. How many are there in the end is printed.

With APPLIED 0 nothing is run, and what is there is printed.
"""
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time

# A start takes less than a second.
PATIENCE = 60


def applied(path):
    """`None` while the catalog is not to be had."""
    try:
        database = sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=0)
        try:
            return database.execute("SELECT count(*) FROM grdb_migrations").fetchone()[0]
        finally:
            database.close()
    except sqlite3.OperationalError:
        return None


def left(path):
    """Of a copy: looking at a catalog would mend what a killed program has left."""
    with tempfile.TemporaryDirectory() as directory:
        copy = directory + "/catalog"
        for suffix in ("", "-wal"):
            try:
                shutil.copyfile(path + suffix, copy + suffix)
            except FileNotFoundError:
                pass
        database = sqlite3.connect(copy)
        try:
            return database.execute("SELECT count(*) FROM grdb_migrations").fetchone()[0]
        finally:
            database.close()


def main(path, count, *command):
    if int(count) > 0:
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        end = time.monotonic() + PATIENCE
        while (applied(path) or 0) < int(count) and time.monotonic() < end:
            if process.poll() is not None:
                sys.exit(f"the program ended by itself: {process.returncode}")
        process.kill()
        process.wait()
    print(left(path))


main(*sys.argv[1:])
