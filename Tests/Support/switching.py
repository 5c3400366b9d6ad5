#!/usr/bin/env python3
"""switching.py MOUNT SECONDS SEED: readers and writers of the same files, in processes of their own,
that open and close them all the time, so that the way changes in which the kernel reads them.

A file is blocks, and each block is a version of it, at its beginning and at its end. Its one writer
notes in memory that all processes share which version he is about to write, and which he has
written: who reads a block later must find that one or a later one, and none that nobody has begun.

Prints JSON: {"problems": [TEXT], "counts": {NAME: NUMBER}}.
"""
import errno
import json
import mmap
import multiprocessing
import os
import random
import struct
import sys
import time
import traceback

BLOCK = 4_096
# In blocks; some are larger than what is compared with its checksums at once.
SIZES = [64] * 6 + [300] * 6 + [1_500] * 3
READERS, WRITERS = 3, 2
# In seconds, for as long as it takes to make the files.
PATIENCE = 60
STAMP = struct.Struct("<QQQ")


class Versions:
    """Of all blocks: what was begun, and what is there; 64 bits each, written at once."""

    def __init__(self):
        self.first = [sum(SIZES[:number]) for number in range(len(SIZES))]
        self.count = sum(SIZES)
        self.words = memoryview(mmap.mmap(-1, 2 * 8 * self.count)).cast("Q")

    def place(self, file, block):
        return self.first[file] + block

    def begun(self, file, block):
        return self.words[self.place(file, block)]

    def written(self, file, block):
        return self.words[self.count + self.place(file, block)]

    def begin(self, file, block):
        self.words[self.place(file, block)] += 1
        return self.begun(file, block)

    def finish(self, file, block):
        self.words[self.count + self.place(file, block)] = self.begun(file, block)


def content(file, block, version):
    stamp = STAMP.pack(version, file, block)
    return stamp + bytes([version % 251]) * (BLOCK - 2 * len(stamp)) + stamp


class Work:
    def __init__(self, mount, seconds, seed):
        self.mount, self.seconds, self.seed = mount, seconds, seed
        self.versions = Versions()
        self.results = multiprocessing.Queue()
        self.end = time.monotonic() + PATIENCE

    def path(self, file):
        return f"{self.mount}/{file}"

    def prepare(self):
        for file, size in enumerate(SIZES):
            for block in range(size):
                self.versions.begin(file, block)
                self.versions.finish(file, block)
            whole = b"".join(content(file, block, 1) for block in range(size))
            self.insist(lambda: self.make(file, whole))

    def make(self, file, whole):
        with open(self.path(file), "wb") as new:
            new.write(whole)

    def insist(self, change):
        """The cache may be full of what was not sent yet."""
        while True:
            try:
                return change()
            except OSError as error:
                if error.errno != errno.ENOSPC or time.monotonic() > self.end:
                    raise
                time.sleep(0.1)

    def run(self, kind, number):
        chance = random.Random(f"{self.seed} {kind} {number}")
        self.counts, self.problems = {}, []
        self.end = time.monotonic() + self.seconds
        try:
            while time.monotonic() < self.end and len(self.problems) < 5:
                getattr(self, kind)(number, chance)
        except Exception:
            self.problems.append(f"{kind}: {traceback.format_exc()[-600:]}")
        self.results.put((self.counts, self.problems))

    def count(self, what):
        self.counts[what] = self.counts.get(what, 0) + 1

    # MARK: Readers

    def reads(self, _, chance):
        file = chance.randrange(len(SIZES))
        flags = os.O_RDONLY | (os.O_DIRECT if chance.random() < 0.1 else 0)
        descriptor = os.open(self.path(file), flags)
        try:
            if not flags & os.O_DIRECT and chance.random() < 0.2:
                self.reads_memory(file, descriptor, chance)
            for _ in range(chance.choice([1, 10, 100])):
                start = chance.randrange(SIZES[file])
                count = 1 if chance.random() < 0.7 else min(64, SIZES[file] - start)
                self.reads_blocks(file, descriptor, start, count)
        finally:
            os.close(descriptor)

    def reads_blocks(self, file, descriptor, start, count):
        before = [self.versions.written(file, start + index) for index in range(count)]
        buffer = mmap.mmap(-1, count * BLOCK)  # As O_DIRECT wants it.
        length = os.preadv(descriptor, [buffer], start * BLOCK)
        for index in range(length // BLOCK):
            part = buffer[index * BLOCK:(index + 1) * BLOCK]
            self.judge("read", file, start + index, part, before[index])
        buffer.close()
        if length != count * BLOCK:
            self.problems.append(f"{file}: {length} bytes at block {start}, not {count} blocks")

    def reads_memory(self, file, descriptor, chance):
        with mmap.mmap(descriptor, SIZES[file] * BLOCK, prot=mmap.PROT_READ) as memory:
            for _ in range(chance.choice([1, 30])):
                block = chance.randrange(SIZES[file])
                before = self.versions.written(file, block)
                part = memory[block * BLOCK:(block + 1) * BLOCK]
                self.judge("mapped", file, block, part, before)

    def judge(self, what, file, block, part, before):
        """A write may be under way: both ends are looked at by themselves."""
        self.count(what)
        after = self.versions.begun(file, block)
        for stamp in (part[:STAMP.size], part[-STAMP.size:]):
            version, *place = STAMP.unpack(stamp)
            if place != [file, block] or not before <= version <= after:
                self.problems.append(
                    f"{what}: block {block} of {file} is {version} of {place}, "
                    f"not between {before} and {after}")

    # MARK: Writers

    def writes(self, number, chance):
        file = chance.randrange(number, len(SIZES), WRITERS)
        flags = chance.choice([os.O_WRONLY, os.O_RDWR])
        descriptor = os.open(self.path(file), flags)
        try:
            for _ in range(chance.choice([1, 5, 30])):
                block = chance.randrange(SIZES[file])
                version = self.versions.begin(file, block)
                new = content(file, block, version)
                self.insist(lambda: os.pwrite(descriptor, new, block * BLOCK))
                self.versions.finish(file, block)
                self.count("written")
            if chance.random() < 0.1:
                os.fsync(descriptor)
        finally:
            os.close(descriptor)
        # The file is at rest for as long as it takes to be sent, and evicted, now and then.
        time.sleep(chance.choice([0, 0, 0.01, 0.5]))


def main():
    mount, seconds, seed = sys.argv[1], float(sys.argv[2]), sys.argv[3]
    work = Work(mount, seconds, seed)
    work.prepare()
    kinds = [("reads", number) for number in range(READERS)]
    kinds += [("writes", number) for number in range(WRITERS)]
    processes = [multiprocessing.Process(target=work.run, args=kind) for kind in kinds]
    for process in processes:
        process.start()
    counts, problems = {}, []
    for _ in processes:
        found, wrong = work.results.get(timeout=seconds + 60)
        problems += wrong
        for name, number in found.items():
            counts[name] = counts.get(name, 0) + number
    for process in processes:
        process.join()
    print(json.dumps({"problems": problems, "counts": counts}))


if __name__ == "__main__":
    main()
