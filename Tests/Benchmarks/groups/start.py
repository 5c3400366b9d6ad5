"""Starting: until the first `stat` is answered, with nothing and with a million files; and what a
large catalog takes of memory."""
import os
import pathlib
import subprocess
import time

import catalog
import targets
from row import MEMORY, SECONDS, Limit, Row
from settings import choose
from targets import embedded, look, scratch

ROUNDS = choose(4, 1)
FILES, QUEUED, CACHED = choose(1_000_000, 20_000), choose(100_000, 2_000), choose(100_000, 2_000)
# What is looked at behind the mount has been looked at by then, but for the inspection.
SETTLED = choose(12, 2)
OPTIONS = {"metadata__ttl": "forever", "upload__enabled": "false"}


def measure():
    with scratch() as directory:
        with embedded(directory):
            pass
        spent = []
        for _ in range(ROUNDS):
            seconds, daemon = start(directory, "")
            spent.append(seconds)
            kill(directory, daemon)
        yield Row(
            "exec to the first stat, empty catalog", SECONDS, {"mediafs": spent}, (Limit(0.2),))
    with scratch() as directory:
        with embedded(directory):
            pass
        begin = time.monotonic()
        catalog.fill(directory / "state", FILES, QUEUED, CACHED)
        filled = f"filled in {time.monotonic() - begin:.0f} s"
        yield from large(directory, filled)


def large(directory, filled):
    spent, cold, peaks = [], [], []
    for number in range(2 * ROUNDS):
        is_cold = number % 2 == 1
        if is_cold:
            forget(directory / "state")
        seconds, daemon = start(directory, catalog.place((FILES - 1, 0, 1)[number % 3]))
        (cold if is_cold else spent).append(seconds)
        if number == 0:
            time.sleep(SETTLED)
        peaks.append(look("start", "mediafs", daemon.pid).peak)
        kill(directory, daemon)
    yield Row(
        f"the same, {FILES:,} files, {QUEUED:,} queued", SECONDS, {"mediafs": spent}, (Limit(1),),
        note=filled)
    yield Row(
        "the same, nothing of the catalog in memory", SECONDS, {"mediafs": cold}, (Limit(1),))
    yield Row(
        f"resident memory, {SETTLED} s later, at most", MEMORY, {"mediafs": [max(peaks)]},
        (Limit(100),))


def start(directory, path):
    """Seconds from exec to the answer, and the daemon. An empty path is the root, which was
    another file system's before."""
    words = targets.mount_words(directory, f"file://{directory}/store", **OPTIONS)
    media = directory / "media"
    before = os.stat(media).st_dev
    begin = time.perf_counter()
    daemon = subprocess.Popen(words, stderr=subprocess.DEVNULL)
    while True:
        try:
            if os.stat(media / path).st_dev != before:
                return time.perf_counter() - begin, daemon
        except FileNotFoundError:
            pass
        if daemon.poll() is not None:
            raise RuntimeError(f"the daemon ended with {daemon.returncode}")
        time.sleep(0.001)


def kill(directory, daemon):
    """As `kill -9` leaves it: the next one has to recover."""
    daemon.kill()
    daemon.wait()
    subprocess.run(["umount", "-l", directory / "media"], check=True)


def forget(state):
    """Takes the catalog out of the page cache, as after a boot."""
    for path in pathlib.Path(state).glob("catalog.sqlite*"):
        descriptor = os.open(path, os.O_RDONLY)
        os.fsync(descriptor)
        os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
        os.close(descriptor)
