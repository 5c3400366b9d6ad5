"""Starting on a catalog of a million files: until the first `stat` is answered, and what it takes."""
import os
import pathlib
import subprocess
import time

import million
from mount import PROGRAM, clean_environment, place, run

ROUNDS = 4
# What is looked at behind the mount has been looked at by then, but for the inspection.
SETTLED = 12


def start(places, path):
    """Seconds from exec to the answer, and the daemon."""
    words = ["mount", f"file://{places['store']}", places["media"], "--foreground", "-o",
             f"cache.directory={places['state']},cache.min_free=0%,metadata.ttl=forever,"
             "upload.enabled=false"]
    begin = time.perf_counter()
    daemon = subprocess.Popen([PROGRAM, *words], env=clean_environment(), stderr=subprocess.DEVNULL)
    while True:
        try:
            os.stat(path)
            return time.perf_counter() - begin, daemon
        except FileNotFoundError:
            if daemon.poll() is not None:
                raise SystemExit(f"the daemon ended with {daemon.returncode}")
            time.sleep(0.001)


def resident(daemon, field):
    """`VmRSS` or `VmHWM` of proc(5), in MiB."""
    for line in pathlib.Path(f"/proc/{daemon.pid}/status").read_text().splitlines():
        if line.startswith(field + ":"):
            return int(line.split()[1]) / 1_024


def forget(state):
    """Takes the catalog out of the page cache, as after a boot."""
    for path in pathlib.Path(state).glob("catalog.sqlite*"):
        descriptor = os.open(path, os.O_RDONLY)
        os.fsync(descriptor)
        os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
        os.close(descriptor)


def measure():
    with place() as places:
        first = ["mount", f"file://{places['store']}", places["media"], "-o",
                 f"cache.directory={places['state']}"]
        run(*first)
        run("umount", places["media"])
        names = million.fill(places["state"])
        files = f"{million.FILES:,} files, {million.QUEUED:,} queued"
        spent, cold, peaks = [], [], []
        for number in range(2 * ROUNDS):
            is_cold = number % 2 == 1
            if is_cold:
                forget(places["state"])
            seconds, daemon = start(places, pathlib.Path(places["media"]) / names[number % 3])
            (cold if is_cold else spent).append(seconds)
            if number == 0:
                time.sleep(SETTLED)
            peaks.append(resident(daemon, "VmHWM"))
            # As `kill -9` leaves it: the next one has to recover.
            daemon.kill()
            daemon.wait()
            subprocess.run(["umount", "-l", places["media"]], check=True)
        yield f"exec to the first stat, {files}", spent, 1.0
        yield "the same, nothing of the catalog in memory", cold, 1.0
        yield "resident memory, 12 s later (the slowest)", peaks, 100, "MiB"
