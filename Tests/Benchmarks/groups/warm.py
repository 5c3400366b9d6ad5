"""What is in the cache whole: the daemon has nothing to fetch, and ought not to be in the way."""
import collections
import resource

import server
import settings
import work
from row import MIB_PER_SECOND, PER_SECOND, SECONDS, Cost, Row, Speed
from settings import BIG, LISTED, PER_DIRECTORY, RIVALS, ROUNDS
from targets import ALL, COPIED, SPLICED, failing, rounds, together

# Seconds of each run of random reads.
RANDOM = settings.choose(2, 0.5)
JOBS = (1, 4)
# Rounds of the rivals; the first look at the names does not count.
ONCE, TWICE = dict.fromkeys(RIVALS, 1), dict.fromkeys(RIVALS, 2)
STATTED = settings.choose(5_000, 500)


def measure():
    with server.ceph() as store:
        yield from large_file(store)
        yield from names(store)


def large_file(store):
    """One file of 1 GiB, written through each target, and read when its upload is over."""
    written = collections.defaultdict(list)
    def bucket_of(name):
        return server.make_bucket(store, f"warm-{name}")
    with together(store, bucket_of, (*ALL, SPLICED, COPIED)) as found:
        for number, target in rounds(found, ROUNDS, ONCE):
            with failing("write", target):
                # What the others have written is not written to the disk meanwhile.
                work.drop_page_cache()
                written[target.name].append(work.write(target.path / f"big-{number}", BIG))
                target.drain()
        size = settings.size(BIG)
        yield Row(
            f"write {size}, fsync", MIB_PER_SECOND, written, (Speed(0.9, ("plain",)),))
        for name in (SPLICED, COPIED):
            found.pop(name, None)
        yield from reads(found, size)


def reads(found, size):
    figures = collections.defaultdict(lambda: collections.defaultdict(list))
    for _, target in rounds(found, ROUNDS, ONCE):
        path = target.path / "big-0"
        with failing("read", target):
            work.drop_page_cache()
            figures["dropped"][target.name].append(work.read(path))
            work.read(path)
            figures["hot"][target.name].append(work.read(path))
            for jobs in JOBS:
                figures["hot", jobs][target.name].append(work.random_reads(path, jobs, RANDOM))
            for jobs in JOBS:
                work.drop_page_cache()
                figures["dropped", jobs][target.name].append(
                    work.random_reads(path, jobs, RANDOM))
    for state, name in (("hot", "page cache hot"), ("dropped", "page cache dropped")):
        yield Row(
            f"read {size}, {name}", MIB_PER_SECOND, figures[state], (Speed(0.95, ("plain",)),))
    for state, name in (("hot", "page cache hot"), ("dropped", "page cache dropped")):
        for jobs in JOBS:
            yield Row(
                f"random 4 KiB reads, {jobs} job{'s'[:jobs - 1]}, {name}", PER_SECOND,
                figures[state, jobs], (Speed(0.9, ("plain",)),))


def names(store):
    """A tree that another tool has put into the bucket; everybody has seen it once before."""
    bucket = server.make_bucket(store, "warm-names")
    keys = list(server.listed_keys())
    server.fill(store, bucket, keys, b"x" * 100)
    stats, lists = collections.defaultdict(list), collections.defaultdict(list)
    with together(store, lambda name: bucket) as found:
        shares = {name: share(name, keys) for name in found}
        for name, target in found.items():
            if name in ("plain", "passthrough_hp"):
                copy(target.path, shares[name])
        for number, target in rounds(found, ROUNDS + 1, TWICE):
            with failing("names", target):
                listed = work.list_all(target.path / "tree")
                statted = work.stat([f"{target.path}/{key}" for key in keys[:STATTED]])
                if number > 0:
                    lists[target.name].append(listed * len(keys) / len(shares[target.name]))
                    stats[target.name].append(statted)
    yield Row(
        f"stat of {STATTED:,} files, again", PER_SECOND, stats, (Cost(1.5, ("plain",)),))
    least = min(map(len, shares.values()))
    yield Row(
        f"ls -lR of {LISTED:,} files, again", SECONDS, lists,
        (Cost(3, ("plain",)), Speed(4, ("passthrough_hp",))),
        note="" if least == len(keys) else f"passthrough_hp has descriptors for {least:,} only, "
        "so its figure is that in proportion")


def share(name, keys):
    """passthrough_hp needs a descriptor for every file, and there may be fewer."""
    if name != "passthrough_hp":
        return keys
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1] - 500
    return keys[:most // PER_DIRECTORY * PER_DIRECTORY]


def copy(directory, keys):
    """The tree, as files."""
    for key in keys:
        path = directory / key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x" * 100)
