"""What is in the bucket only: how fast are first bytes, all bytes, bytes here and there, and names.

Every measurement has an object that the target has never read: copies, which the server makes
without moving bytes. Other tools have put them there, so that nothing of ours helps.
"""
import collections
import concurrent.futures
import os
import random
import time

import server
import settings
import targets
import wan
import wire
import work
from row import MIB_PER_SECOND, MILLISECONDS, PER_SECOND, SECONDS, Cost, Row, Speed
from settings import BIG, KIB, LISTED, MIB, RIVAL_ROUNDS, RIVALS, ROUNDS, choose
from targets import failing, scratch

# A distant region on a good line.
ROUND_TRIP_MS, RATE_MBIT = 30, 300
LINK = RATE_MBIT * 1e6 / 8 / MIB
FIRST_BYTES = choose(5, 3)
BLOCK, BLOCKS, READERS = 64 * KIB, choose(2_000, 500), 16
# At 300 Mbit/s a GiB takes half a minute.
FAR_ROUNDS = choose(2, 1)
NAMES = "cold-names"


def measure():
    with server.ceph() as store, scratch() as directory:
        bucket = server.make_bucket(store, "cold")
        server.put_large(
            store, bucket, "object", server.random_file(directory / "object", BIG))
        yield from first_bytes(store, store, bucket, "0 ms")
        yield from sequential(store, bucket, directory)
        yield from listing(store)
        with wan.far(store, ROUND_TRIP_MS, RATE_MBIT) as distant:
            away = f"{ROUND_TRIP_MS} ms"
            yield from first_bytes(store, distant, bucket, away)
            yield from distant_random(store, distant, bucket, directory, away)
            yield from distant_sequential(store, distant, bucket, directory, away)


def first_bytes(near, store, bucket, away):
    """Of a name that nobody has asked for yet, and of one in a directory that was listed."""
    keys = server.copies(near, bucket, "object", FIRST_BYTES, f"first-{away[:2].strip()}")
    url = near.at(store.endpoint).presigned(bucket, keys[0])
    figures = collections.defaultdict(lambda: collections.defaultdict(list))
    for state in ("new name", "directory listed"):
        for number, key in enumerate(keys):
            # A mount of its own for each: what was asked for once is known.
            figures[state]["curl"].append(wire.first_byte(store, url))
            for name in participants(number):
                with targets.MAKERS[name](store, bucket) as target, failing("first byte", target):
                    if state == "directory listed":
                        os.listdir(target.path)
                    figures[state][name].append(1e3 * work.timed(one_byte, target.path / key))
    size = settings.size(BIG)
    for state, rounds in figures.items():
        yield Row(
            f"first byte of {size} at {away}, {state}", MILLISECONDS, rounds,
            (Cost(1.3, ("curl",)),))


def participants(number):
    """Who takes part in that round."""
    return ["mediafs", *(name for name in RIVALS if number < RIVAL_ROUNDS[name])]


def one_byte(path):
    with work.opened(path, os.O_RDONLY) as descriptor:
        os.read(descriptor, 1)


def sequential(store, bucket, directory):
    keys = server.copies(store, bucket, "object", ROUNDS, "sequential")
    figures = collections.defaultdict(list)
    names = ("mediafs", *RIVALS)
    with targets.together(store, lambda name: bucket, names) as found:
        for number, key in enumerate(keys):
            figures["curl"].append(fastest(store, bucket, key, directory))
            os.sync()
            figures["curl to disk"].append(to_disk(store, bucket, key, directory))
            for name, target in found.items():
                if name in RIVALS and number >= 1:
                    continue
                with failing("sequential read", target):
                    os.stat(target.path / key)
                    # Bytes that the one before has cached are not written meanwhile.
                    os.sync()
                    figures[name].append(work.read(target.path / key))
    yield Row(
        f"read {settings.size(BIG)} on loopback", MIB_PER_SECOND, figures,
        (Speed(0.9, ("curl",)),))


def fastest(store, bucket, key, directory, streams=wire.STREAMS):
    """MiB/s of the best of some numbers of parallel ranges."""
    url = store.presigned(bucket, key)
    seconds = [
        wire.curl_ranges(store, url, wire.blocks(BIG, count), count, directory)
        for count in streams]
    return BIG / MIB / min(seconds)


def to_disk(store, bucket, key, directory):
    """MiB/s of ranges that go into files, as what is read through a mount does."""
    spans = wire.blocks(BIG, wire.STREAMS[-1])
    url = store.presigned(bucket, key)
    with scratch() as parts:
        return BIG / MIB / wire.curl_ranges(store, url, spans, len(spans), parts, keeps=True)


def distant_sequential(near, store, bucket, directory, away):
    keys = server.copies(near, bucket, "object", FAR_ROUNDS, "distant")
    figures = {"curl": [], "mediafs": [], "link": [LINK]}
    with targets.mediafs(store, bucket) as target:
        for key in keys:
            figures["curl"].append(fastest(store, bucket, key, directory, wire.STREAMS[-1:]))
            os.stat(target.path / key)
            figures["mediafs"].append(work.read(target.path / key))
    yield Row(
        f"read {settings.size(BIG)} at {away}, {RATE_MBIT} Mbit/s", MIB_PER_SECOND, figures,
        (Speed(0.9, ("link",)),))


def distant_random(near, store, bucket, directory, away):
    """Each block once, by threads: what was read once is cached."""
    keys = server.copies(near, bucket, "object", ROUNDS, "random")
    figures = collections.defaultdict(list)
    with targets.mediafs(store, bucket) as target:
        for number, key in enumerate(keys):
            places = random.Random(number).sample(range(BIG // BLOCK), BLOCKS)
            ranges = [(place * BLOCK, (place + 1) * BLOCK - 1) for place in places]
            url = store.presigned(bucket, key)
            seconds = wire.curl_ranges(store, url, ranges, READERS, directory)
            figures["curl"].append(BLOCKS / seconds)
            os.stat(target.path / key)
            figures["mediafs"].append(BLOCKS / read_blocks(target.path / key, ranges))
    yield Row(
        f"random {settings.size(BLOCK)} reads at {away}, {READERS} jobs", PER_SECOND, figures,
        (Speed(0.9, ("curl",)),))


def read_blocks(path, ranges):
    """Seconds until all are read."""
    with work.opened(path, os.O_RDONLY) as descriptor:
        begin = time.perf_counter()
        with concurrent.futures.ThreadPoolExecutor(READERS) as threads:
            for data in threads.map(lambda span: os.pread(descriptor, BLOCK, span[0]), ranges):
                if len(data) != BLOCK:
                    raise RuntimeError("short read")
        return time.perf_counter() - begin


def listing(store):
    """A new mount for each round; against LIST calls whose answers boto3 reads, or nobody. As
    metadata tells what each object is, and as the listing alone does."""
    bucket = server.make_bucket(store, NAMES)
    server.fill(store, bucket, server.listed_keys(), b"x" * 100)
    asked, listed = (collections.defaultdict(list) for _ in range(2))
    for number in range(ROUNDS):
        for figures in (asked, listed):
            figures["boto3"].append(wire.boto3_list(store, bucket, "tree/"))
            figures["bare LIST"].append(wire.bare_list(store, bucket, "tree/"))
        for name in participants(number):
            with targets.MAKERS[name](store, bucket) as target, failing("ls", target):
                asked[name].append(work.list_all(target.path / "tree"))
        with targets.mediafs(store, bucket, metadata__attributes="listing") as target:
            listed["mediafs"].append(work.list_all(target.path / "tree"))
    goals = (Cost(1.3, ("boto3",)), Cost(1.3, ("bare LIST",)))
    measure = f"ls -lR of {LISTED:,} foreign objects"
    yield Row(measure, SECONDS, asked, goals)
    yield Row(f"{measure}, metadata.attributes = listing", SECONDS, listed, goals)
