#!/usr/bin/env python3
"""OpenKAT's Bytes (raw_file_repository): every ancestor from the root on is made with mode 0740,
then one write, close and chmod 0640; a thousand small files, found again by their hashes."""
import errno
import hashlib
import os
import random
from pathlib import Path

import ledger as books

FILES = 1_000
ORGANISATIONS = ["_dev", "acme"]


def raw(number):
    rnd = random.Random(number)
    return rnd.randbytes(rnd.randrange(1, 4_000))


def place(mount, number):
    digest = hashlib.sha512(raw(number)).hexdigest()
    return Path(mount) / ORGANISATIONS[number % 2] / digest[:1] / digest[1:33]


def make_ancestors(path, existing):
    for parent in reversed(path.parents):
        try:
            parent.mkdir(mode=0o740)
        except OSError as error:
            assert error.errno == errno.EEXIST, (parent, error)
            existing.add(parent)


def act(ledger, elsewhere):
    existing = set()
    for number in range(FILES):
        path = place(ledger.root, number)
        make_ancestors(path, existing)
        with path.open("wb", buffering=0) as file:
            file.write(raw(number))
        path.chmod(0o640)
        ledger.file(str(path.relative_to(ledger.root)), raw(number), mode=0o640)
    assert {Path("/"), Path(ledger.root)} <= existing


def check(mount, elsewhere):
    for number in range(FILES):
        path = place(mount, number)
        assert path.read_bytes() == raw(number), path
        assert path.stat().st_mode & 0o7777 == 0o640, path
        assert path.parent.stat().st_mode & 0o7777 == 0o740, path.parent
    for organisation in ORGANISATIONS:
        make_ancestors(Path(mount) / organisation / "x" / "new", set())
        os.rmdir(f"{mount}/{organisation}/x")


books.main(act, check)
