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
# Seconds for which what was listed counts; fewer, so that it does not when it is looked at again.
TTL = 2


def measure():
    counts = {"mount": {}, "cp": {}, "again": {}, "find": {}, "read": {}}
    with server.ceph() as store, targets.scratch() as directory:
        work.create(directory / "files", FILES)
        with proxy.recording(store) as recorder:
            for name in NAMES:
                bucket = server.make_bucket(store, f"requests-{name}")
                home = directory / name
                home.mkdir()
                writing(recorder, name, bucket, home, directory / "files", counts)
                for state, place in (("again", home), ("find", None)):
                    reading(recorder, name, bucket, place, counts[state])
    yield from rows(counts)


def mounted(recorder, name, bucket, home):
    """With what it keeps in `home`, if it is told where."""
    store = recorder.store
    if name != "mediafs" or home is None:
        return targets.MAKERS[name](store, bucket)
    return targets.serving(
        home, f"s3://{bucket}", store.environment, store.enter, s3__endpoint=store.endpoint,
        metadata__ttl=f"{TTL}s")


def writing(recorder, name, bucket, home, source, counts):
    """Copies files into a mount, and reads them again when they are in the bucket."""
    recorder.clear()
    with mounted(recorder, name, bucket, home) as target:
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


def reading(recorder, name, bucket, home, counts):
    """Looks at the files' attributes through a new mount: of who has written them, and of somebody
    who has never seen them."""
    with mounted(recorder, name, bucket, home) as target:
        with targets.failing("find", target):
            time.sleep(SETTLED)
            recorder.clear()
            work.run("find", target.path / "files", "-ls")
            counts[name] = proxy.by_kind(recorder.requests())


def read(directory):
    for number in range(FILES):
        (directory / f"{number:05d}").read_bytes()


def rows(counts):
    cp, own, foreign, again = (counts[name] for name in ("cp", "again", "find", "read"))
    new, find = f"cp of {FILES:,} new files", f"find -ls of {FILES:,} files"
    remounted, unseen = f"{find}, mounted again", f"{find} that others wrote"
    cached = f"read of {FILES:,} cached files"
    yield Row(
        "a mount and its first file: requests", COUNT,
        {name: [c.total()] for name, c in counts["mount"].items()}, note=told(counts["mount"]))
    yield row(f"{new}: PUT", cp, lambda c: c["PUT"], FILES)
    yield row(f"{new}: other requests", cp, lambda c: c.total() - c["PUT"], 3, told(cp))
    yield row(f"{remounted}: LIST", own, lambda c: c["LIST"], 3)
    yield row(f"{remounted}: other requests", own, lambda c: c.total() - c["LIST"], 0, told(own))
    yield Row(
        f"{unseen}: requests", COUNT, {name: [c.total()] for name, c in foreign.items()},
        note=told(foreign))
    yield row(f"{cached}: requests", again, lambda c: c.total(), 0, told(again))
    for what, found in ((new, cp), (remounted, own), (unseen, foreign), (cached, again)):
        yield Row(what, DOLLARS, {name: [proxy.dollars(c)] for name, c in found.items()})


def row(measure, found, count, most, note=""):
    return Row(
        measure, COUNT, {name: [count(c)] for name, c in found.items()}, (Limit(most),), note)


def told(found):
    """All classes in words."""
    return "; ".join(
        f"{name}: " + (", ".join(f"{n:,} {kind}" for kind, n in sorted(c.items())) or "none")
        for name, c in found.items())
