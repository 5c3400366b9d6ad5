#!/usr/bin/env python3
"""fight.py fight A B SECONDS SEED NOTES | fight.py judge NOTES DIR: two mounts of one namespace
fight over 100 files.

`fight` changes the files through both mounts, A and B, at random, and writes down in NOTES which
versions were acknowledged, and which of them somebody took away who had them before his eyes: what a
writer overwrote, replaced or deleted. Whatever else was acknowledged has to be somewhere.

`judge` looks for it in the tree DIR, and prints a JSON list of what is wrong: a version that is lost,
and a file that is no version, whole.

A version is a line with its writer, its number, its length and the SHA-256 of the rest, and the rest.
Between a file's making, or its cut, and the write it is empty, and may be uploaded and seen like that.
Nobody replaces or deletes a file without having it under a name or a descriptor of his own first,
so that what was taken away is never a guess. On each side one thread at a time has a name: two would
tear each other's files, as they may.
"""
import ctypes
import hashlib
import json
import os
import random
import sys
import threading
import time

FILES = 100
THREADS = 3
libc = ctypes.CDLL(None, use_errno=True)
AT_FDCWD, AT_EMPTY_PATH, AT_STATX_FORCE_SYNC = -100, 0x1000, 0x2000
RENAME_NOREPLACE, RENAME_EXCHANGE = 1, 2
STATX_NLINK = 4


def checked(result):
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


def rename(old, new, flags):
    checked(libc.renameat2(AT_FDCWD, os.fsencode(old), AT_FDCWD, os.fsencode(new), flags))


def is_linked(number):
    """Whether the file still has a name, asked of the filesystem itself."""
    buffer = ctypes.create_string_buffer(256)
    checked(libc.statx(number, b"", AT_EMPTY_PATH | AT_STATX_FORCE_SYNC, STATX_NLINK, buffer))
    return int.from_bytes(buffer.raw[16:20], "little") > 0


def make(writer, serial, random):
    rest = random.randbytes(random.choice([10, 300, 5_000, 70_000]))
    digest = hashlib.sha256(rest).hexdigest()
    return f"{writer}.{serial} {len(rest)} {digest}\n".encode() + rest


def version_of(content):
    """The name of the version; `None` for what is not one, or not whole."""
    if not content:
        return "empty"
    head, _, rest = content.partition(b"\n")
    words = head.decode(errors="replace").split(" ")
    if len(words) != 3 or words[1:] != [str(len(rest)), hashlib.sha256(rest).hexdigest()]:
        return None
    return words[0]


def read(number):
    parts, end = [], 0
    while part := os.pread(number, 1 << 20, end):
        parts.append(part)
        end += len(part)
    return b"".join(parts)


class Torn(Exception):
    pass


class Writer(threading.Thread):
    def __init__(self, name, side, locks, seed, end):
        super().__init__()
        self.name, self.side, self.locks, self.end = name, side, locks, end
        self.random = random.Random(f"{seed} {name}")
        self.serial = 0
        self.acknowledged, self.taken, self.problems = {}, {}, []
        self.counts = {}

    def run(self):
        actions = [self.replace] * 4 + [self.overwrite] * 4 + [self.delete, self.move, self.move]
        while time.monotonic() < self.end:
            action = self.random.choice(actions)
            names = sorted(self.random.sample(range(FILES), 2))
            for name in names:
                self.locks[name].acquire()
            try:
                action(*(os.path.join(self.side, f"f{name:02}.bin") for name in names))
                outcome = "ok"
            except Torn as torn:
                outcome = "torn"
                self.problems.append(f"{self.name}: {action.__name__} read {torn}")
            except OSError as error:
                outcome = os.strerror(error.errno)
            finally:
                for name in names:
                    self.locks[name].release()
            key = f"{action.__name__}: {outcome}"
            self.counts[key] = self.counts.get(key, 0) + 1

    def next_version(self):
        self.serial += 1
        return f"{self.name}.{self.serial}", make(self.name, self.serial, self.random)

    def private(self):
        """A name that nobody else uses."""
        return os.path.join(self.side, f"own-{self.name}-{self.serial}")

    def seen(self, content, by, name):
        version = version_of(content)
        if version is None:
            raise Torn(f"{len(content)} bytes of {name}: {content[:80]}")
        self.taken[version] = by
        return version

    def put(self, name, content):
        """A new file, written to its end."""
        number = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL)
        try:
            os.write(number, content)
        finally:
            os.close(number)

    def remove(self, name, by):
        """Deletes what has a private name, once it is known what it is."""
        number = os.open(name, os.O_RDONLY)
        try:
            self.seen(read(number), by, name)
        finally:
            os.close(number)
        os.unlink(name)

    def replace(self, name, _):
        """The way of editors: a new file takes the name, and the old one is deleted."""
        version, content = self.next_version()
        own = self.private()
        self.put(own, content)
        self.acknowledged[version] = f"{own} for {name}"
        try:
            rename(own, name, RENAME_NOREPLACE)
        except FileExistsError:
            rename(own, name, RENAME_EXCHANGE)
            self.remove(own, f"replaced by {version} at {name}")

    def overwrite(self, name, _):
        """In place. Counts when the file had its name afterwards: else it was replaced meanwhile."""
        version, content = self.next_version()
        try:
            number = os.open(name, os.O_RDWR)
        except FileNotFoundError:
            self.put(name, content)
            self.acknowledged[version] = f"new at {name}"
            return
        try:
            old = read(number)
            before = version_of(old)
            if before is None:
                raise Torn(f"{len(old)} bytes of {name}: {old[:80]}")
            cut = f"overwritten by {version} at {name}"
            os.ftruncate(number, 0)
            try:
                os.write(number, content)
            except OSError:
                self.taken[before] = cut
                raise
            if is_linked(number):
                self.taken[before] = cut
                self.acknowledged[version] = f"over {before} at {name}"
        finally:
            os.close(number)

    def delete(self, name, _):
        self.serial += 1
        own = self.private()
        rename(name, own, RENAME_NOREPLACE)
        self.remove(own, f"deleted at {name} by {self.name}")

    def move(self, name, other):
        rename(name, other, RENAME_NOREPLACE)


def fight(first, second, seconds, seed, notes):
    end = time.monotonic() + float(seconds)
    writers = []
    for side, directory in enumerate([first, second]):
        locks = [threading.Lock() for _ in range(FILES)]
        for number in range(THREADS):
            name = f"{'AB'[side]}{number}"
            writers.append(Writer(name, directory, locks, seed, end))
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    facts = {"acknowledged": {}, "taken": {}, "problems": [], "counts": {}}
    for writer in writers:
        facts["acknowledged"] |= writer.acknowledged
        facts["taken"] |= writer.taken
        facts["problems"] += writer.problems
        for key, count in writer.counts.items():
            facts["counts"][key] = facts["counts"].get(key, 0) + count
    with open(notes, "w") as file:
        json.dump(facts, file)
    print(json.dumps({
        "acknowledged": len(facts["acknowledged"]), "taken": len(facts["taken"]),
        "counts": facts["counts"]}))


def judge(notes, directory):
    with open(notes) as file:
        facts = json.load(file)
    problems = facts["problems"]
    found = set()
    for name in sorted(os.listdir(directory)):
        with open(os.path.join(directory, name), "rb") as file:
            content = file.read()
        version = version_of(content)
        if version is None:
            problems.append(f"{name} is no version: {len(content)} bytes, {content[:80]}")
        found.add(version)
    for version, where in sorted(facts["acknowledged"].items()):
        if version not in found and version not in facts["taken"]:
            problems.append(f"{version} is lost: {where}")
    print(json.dumps(problems))


if sys.argv[1] == "fight":
    fight(*sys.argv[2:])
else:
    judge(*sys.argv[2:])
