"""What S3 is asked, by class as it is billed, and what that costs; counted at a proxy."""
import time

import proxy
import server
import settings
import targets
import work
from row import COUNT, DOLLARS, Limit, Row
from settings import choose

FILES = choose(1_000, 100)
NAMES = ("mediafs", *settings.RIVALS)
# Seconds in which a mount has asked the store what it can do.
SETTLED = 3


def measure():
    counts = {"mount": {}, "cp": {}, "find": {}, "read": {}}
    with server.ceph() as store, targets.scratch() as directory:
        work.create(directory / "files", FILES)
        with proxy.recording(store) as recorder:
            for name in NAMES:
                bucket = server.make_bucket(store, f"requests-{name}")
                writing(recorder, name, bucket, directory / "files", counts)
                reading(recorder, name, bucket, counts)
    yield from rows(counts)


def writing(recorder, name, bucket, source, counts):
    """Copies files into a mount, and reads them again when they are in the bucket."""
    recorder.clear()
    with targets.MAKERS[name](recorder.store, bucket) as target:
        with targets.failing("cp", target):
            # What is asked once for a mount, and not for a file, is counted by itself.
            (target.path / "first").write_bytes(b"first")
            target.drain()
            time.sleep(SETTLED)
            counts["mount"][name] = proxy.by_kind(recorder.requests())
            recorder.clear()
            work.run("cp", "-r", source, target.path / "files")
            target.drain()
            counts["cp"][name] = proxy.by_kind(recorder.requests())
            recorder.clear()
            read(target.path / "files")
            counts["read"][name] = proxy.by_kind(recorder.requests())


def reading(recorder, name, bucket, counts):
    """Looks at the files' attributes through a new mount, which has no cache of them."""
    with targets.MAKERS[name](recorder.store, bucket) as target:
        with targets.failing("find", target):
            time.sleep(SETTLED)
            recorder.clear()
            work.run("find", target.path / "files", "-ls")
            counts["find"][name] = proxy.by_kind(recorder.requests())


def read(directory):
    for number in range(FILES):
        (directory / f"{number:05d}").read_bytes()


def rows(counts):
    cp, find, again = counts["cp"], counts["find"], counts["read"]
    new, own = f"cp of {FILES:,} new files", f"find -ls of {FILES:,} own files, cold"
    cached = f"read of {FILES:,} cached files"
    yield Row(
        "a mount and its first file: requests", COUNT,
        {name: [c.total()] for name, c in counts["mount"].items()}, note=told(counts["mount"]))
    yield row(f"{new}: PUT", cp, lambda c: c["PUT"], FILES)
    yield row(f"{new}: other requests", cp, lambda c: c.total() - c["PUT"], 3, told(cp))
    yield row(f"{own}: LIST", find, lambda c: c["LIST"], 3)
    yield row(f"{own}: other requests", find, lambda c: c.total() - c["LIST"], 0, told(find))
    yield row(f"{cached}: requests", again, lambda c: c.total(), 0, told(again))
    for what, found in ((new, cp), (own, find), (cached, again)):
        yield Row(what, DOLLARS, {name: [proxy.dollars(c)] for name, c in found.items()})


def row(measure, found, count, most, note=""):
    return Row(
        measure, COUNT, {name: [count(c)] for name, c in found.items()}, (Limit(most),), note)


def told(found):
    """All classes in words."""
    return "; ".join(
        f"{name}: " + (", ".join(f"{n:,} {kind}" for kind, n in sorted(c.items())) or "none")
        for name, c in found.items())
