"""The same work with a catalog of ten million entries and with one of ten thousand.

Looked up are files that the daemon has not been asked for since it started, in directories that it
has; created are files in new directories; evicted is what has to go when the cache is full: files
are written, and the time of the same writes into a cache with room is taken off.
"""
import json
import os
import random
import subprocess
import time

import catalog
import settings
import work
from row import MILLISECONDS, Cost, Row
from settings import KIB, choose
from targets import embedded, scratch

ENTRIES = int(os.environ.get("BENCH_SCALE", choose(10_000_000, 200_000)))
FEW = 10_000
# Files with cached bytes in both.
CACHED = 5_000
DIRECTORIES, IN_EACH = 90, 40
CREATED, ROUNDS = choose(2_000, 500), 5
# Of each round: so many cached files have to go. mediafs makes some room beyond that.
EVICTED = choose(600, 200)
OPTIONS = {"metadata__ttl": "forever", "upload__enabled": "false"}


def measure():
    large, small = f"{ENTRIES:,} entries", f"{FEW:,} entries"
    figures = {name: {} for name in ("lookup", "create", "evict")}
    times = {}
    for name, entries in ((small, FEW), (large, ENTRIES)):
        with scratch() as directory:
            with embedded(directory):
                pass
            begin = time.monotonic()
            catalog.fill(directory / "state", entries, cached=CACHED)
            times[name] = time.monotonic() - begin
            with embedded(directory, **OPTIONS) as target:
                figures["lookup"][name] = lookups(target.path, entries)
                figures["create"][name] = creations(target.path)
                roomy = writes(target.path, "roomy")
            # Full to the last byte: what is written now takes the room of what is cached.
            full = (CACHED + (CREATED + EVICTED) * ROUNDS) * catalog.SIZE
            with embedded(directory, **OPTIONS, cache__size=str(full)) as target:
                crowded = writes(target.path, "crowded")
                figures["evict"][name] = [(sum(crowded) - sum(roomy)) / evictions(target.path)]
    goal = (Cost(1.5, (small,), target=large),)
    note = f"the catalog was filled in {times[large]:.0f} s"
    yield Row(f"lookup of {DIRECTORIES * IN_EACH:,} known entries", MILLISECONDS,
              figures["lookup"], goal, note)
    yield Row(f"create of {CREATED:,} files", MILLISECONDS, figures["create"], goal)
    yield Row(
        f"evict a file, of {EVICTED * ROUNDS:,} and more", MILLISECONDS, figures["evict"], goal)


def lookups(path, entries):
    """Other directories in each round, spread over all."""
    chance = random.Random(entries)
    count = entries // catalog.PER_DIRECTORY
    chosen = chance.sample(range(count), min(count, DIRECTORIES))
    spent = []
    for round_ in range(2):
        seconds = 0
        for directory in chosen:
            first = directory * catalog.PER_DIRECTORY
            numbers = [first + round_ * (IN_EACH + 1) + index for index in range(IN_EACH + 1)]
            os.stat(path / catalog.place(numbers[0]))
            names = [path / catalog.place(number) for number in numbers[1:]]
            begin = time.perf_counter()
            for name in names:
                os.stat(name)
            seconds += time.perf_counter() - begin
        spent.append(1e3 * seconds)
    return spent


def creations(path):
    return [
        1e3 * CREATED / work.create(path / f"created-{number}", CREATED)
        for number in range(ROUNDS)]


def writes(path, name):
    """Milliseconds of each write of as many bytes as the files have that go."""
    data, spent = os.urandom(EVICTED * catalog.SIZE), []
    for number in range(ROUNDS):
        begin = time.perf_counter()
        with open(path / f"{name}-{number}", "xb", buffering=0) as file:
            for start in range(0, len(data), 128 * KIB):
                file.write(data[start:start + 128 * KIB])
        spent.append(1e3 * (time.perf_counter() - begin))
    return spent


def evictions(path):
    """So many files have gone since the mount."""
    words = [settings.PROGRAM, "status", path, "--json"]
    status = json.loads(subprocess.run(words, check=True, capture_output=True).stdout)
    return status["cache"]["evictions"]
