#!/usr/bin/env python3
"""endurance.py MOUNT STATE PID BUCKET PREFIX SECONDS SEED: all kinds of work on a mount for a while,
as much at the end as at the beginning, and what the daemon takes for it.

Readers read and compare what the store has and the cache has no room for, and what somebody else
changes there; writers make, change, move and delete files of their own. The daemon PID keeps its
state in STATE. The store is BUCKET, with everything of the mount beneath PREFIX, reached as
S3_ENDPOINT, AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_REGION say.

Prints JSON: {"problems": [TEXT], "counts": {NAME: NUMBER}, "middle": USED, "end": USED}, where USED
is what was used in the second and in the last third of the time, the medians of one look a second:
{"resident": BYTES, "descriptors": NUMBER, "threads": NUMBER, "catalog": BYTES, "content": BYTES}.
"""
import collections
import errno
import glob
import hashlib
import json
import os
import random
import statistics
import sys
import threading
import time
import traceback

import boto3
from botocore.config import Config

FIXED, FIXED_SIZE = 12, 4 << 20
CHANGING = 20
WRITERS, READERS = 2, 2
# Files that one writer has at a time.
OWN = 40
# So old is the state of the store at most that a reader may still see, in seconds: the listing's
# age, and what a busy machine takes.
NEWS = 10


def client():
    return boto3.session.Session().client(
        "s3", endpoint_url=os.environ["S3_ENDPOINT"], region_name=os.environ["AWS_REGION"],
        config=Config(s3={"addressing_style": "path"}, proxies={}))


def body(name, number):
    """A version that tells by itself whether it is whole."""
    seed = random.Random(f"{name} {number}")
    rest = seed.randbytes(seed.randint(100, 60_000))
    return f"{number} {hashlib.sha256(rest).hexdigest()}\n".encode() + rest


class Work:
    def __init__(self, mount, bucket, prefix, seconds, seed):
        self.mount, self.bucket, self.prefix = mount, bucket, prefix
        self.end = time.monotonic() + seconds
        self.seed = seed
        self.problems = []
        self.over = threading.Event()
        self.counts = collections.Counter()
        self.versions = {}  # Of what somebody else changes: name to (number, when it was there).

    def run(self, kind, number):
        chance = random.Random(f"{self.seed} {kind} {number}")
        try:
            getattr(self, kind)(number, chance)
        except Exception:
            self.problems.append(f"{kind}: {traceback.format_exc()[-600:]}")

    def goes_on(self, kind):
        self.counts[kind] += kind != "looks"
        if time.monotonic() >= self.end or len(self.problems) >= 20:
            self.over.set()
        return not self.over.is_set()

    # MARK: What the store has

    def prepare(self):
        s3 = client()
        self.fixed = [random.Random(number).randbytes(FIXED_SIZE) for number in range(FIXED)]
        for number, data in enumerate(self.fixed):
            s3.put_object(Bucket=self.bucket, Key=f"{self.prefix}fixed/{number}", Body=data)
        for number in range(CHANGING):
            self.change(s3, f"other/{number}", 0)

    def change(self, s3, name, number):
        s3.put_object(
            Bucket=self.bucket, Key=f"{self.prefix}{name}", Body=body(name, number))
        self.versions[name] = (number, time.monotonic())

    def changes(self, _, chance):
        s3 = client()
        while self.goes_on("changes"):
            name = f"other/{chance.randrange(CHANGING)}"
            self.change(s3, name, self.versions[name][0] + 1)
            self.over.wait(0.2)

    # MARK: Readers

    def reads(self, _, chance):
        while self.goes_on("reads"):
            number = chance.randrange(FIXED)
            start = chance.randrange(FIXED_SIZE)
            with open(f"{self.mount}/fixed/{number}", "rb") as file:
                for offset in range(start, min(FIXED_SIZE, start + (2 << 20)), 1 << 17):
                    expected = self.fixed[number][offset:offset + (1 << 17)]
                    if os.pread(file.fileno(), 1 << 17, offset) != expected:
                        self.problems.append(f"fixed/{number} has other bytes at {offset}")

    def looks(self, _, chance):
        while self.goes_on("looks"):
            name = f"other/{chance.randrange(CHANGING)}"
            before = self.versions[name]
            began = time.monotonic()
            try:
                with open(f"{self.mount}/{name}", "rb") as file:
                    head, _, rest = file.read().partition(b"\n")
            except OSError as error:
                # Of the version that was opened nothing is left, here or in the store.
                if error.errno not in (errno.ESTALE, errno.EIO):
                    raise
                self.counts["failed looks"] += 1
                continue
            self.counts["looks"] += 1
            number, digest = head.decode().split()
            if hashlib.sha256(rest).hexdigest() != digest:
                self.problems.append(f"{name} is no version, but {head} and {len(rest)} bytes")
            elif int(number) < before[0] and began - before[1] > NEWS:
                self.problems.append(f"{name} is version {int(number)}, not {before[0]}")
            os.listdir(f"{self.mount}/other")

    # MARK: Writers

    def writes(self, number, chance):
        home = f"{self.mount}/own {number}"
        os.mkdir(home)
        files, last = {}, 0
        while self.goes_on("writes"):
            kind = chance.choice(["make", "append", "change", "move", "check", "delete"])
            if kind == "make" or not files:
                last += 1
                name, data = f"{last}", chance.randbytes(chance.randint(1, 200_000))
                with open(f"{home}/{name}", "xb") as file:
                    file.write(data)
                files[name] = data
                if len(files) <= OWN:
                    continue
                kind = "delete"
            name = chance.choice(sorted(files))
            path, data = f"{home}/{name}", files[name]
            if kind == "append":
                more = chance.randbytes(5_000)
                with open(path, "ab") as file:
                    file.write(more)
                files[name] = data + more
            elif kind == "change":
                place, new = chance.randrange(len(data)), chance.randbytes(100)
                with open(path, "r+b") as file:
                    os.pwrite(file.fileno(), new, place)
                files[name] = data[:place] + new + data[place + len(new):]
            elif kind == "move":
                last += 1
                os.rename(path, f"{home}/{last}")
                files[f"{last}"] = files.pop(name)
            elif kind == "delete":
                os.unlink(path)
                del files[name]
            else:
                with open(path, "rb") as file:
                    if file.read() != data:
                        self.problems.append(f"{path} has other bytes")


def used(pid, state):
    """What the daemon takes now."""
    with open(f"/proc/{pid}/status") as file:
        fields = dict(line.split(":", 1) for line in file)
    return {
        "resident": int(fields["VmRSS"].split()[0]) << 10,
        "threads": int(fields["Threads"]),
        "descriptors": len(os.listdir(f"/proc/{pid}/fd")),
        "catalog": sum(entry_size(path) for path in glob.glob(f"{state}/catalog.*")),
        "content": sum(entry_size(path) for path in glob.glob(f"{state}/content/*/*")),
    }


def entry_size(path):
    try:
        return os.stat(path).st_blocks * 512
    except FileNotFoundError:
        return 0


def medians(looks):
    # None, where problems have ended it at once.
    names = looks[0] if looks else []
    return {name: statistics.median(look[name] for look in looks) for name in names}


def main():
    mount, state, pid, bucket, prefix, seconds, seed = sys.argv[1:]
    work = Work(mount, bucket, prefix, int(seconds), int(seed))
    work.prepare()
    work.end = time.monotonic() + int(seconds)
    kinds = [("changes", 0), ("looks", 0)]
    kinds += [("reads", number) for number in range(READERS)]
    kinds += [("writes", number) for number in range(WRITERS)]
    threads = [threading.Thread(target=work.run, args=kind, daemon=True) for kind in kinds]
    for thread in threads:
        thread.start()
    looks = []
    while any(thread.is_alive() for thread in threads):
        looks.append(used(pid, state))
        work.over.wait(1)
        if work.over.is_set():
            for thread in threads:
                thread.join()
    third = len(looks) // 3
    print(json.dumps({
        "problems": work.problems, "counts": work.counts,
        "middle": medians(looks[third:2 * third]), "end": medians(looks[2 * third:])}))


main()
