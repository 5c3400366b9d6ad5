#!/usr/bin/env python3
"""Damages the catalog of a daemon that has died: `damage.py header|pages|cut CATALOG`."""
import os
import random
import sqlite3
import sys

PAGE = 4_096


def main(kind, path):
    # Its log holds pages too, and would mend what is damaged in the database.
    database = sqlite3.connect(path)
    database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    database.close()
    size = os.path.getsize(path)
    garbage = random.Random(1).randbytes
    with open(path, "r+b") as file:
        if kind == "header":
            file.write(garbage(100))
        elif kind == "pages":
            for page in range(1, size // PAGE):
                file.seek(page * PAGE)
                file.write(garbage(PAGE))
        else:
            file.truncate(size // 2 // PAGE * PAGE)


main(*sys.argv[1:])
