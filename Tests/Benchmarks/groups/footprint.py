"""What a daemon takes: the program's size; memory, threads and descriptors, idle and after work;
and the most that any daemon of this run had when it ended."""
import pathlib
import shutil
import subprocess

import server
import settings
import targets
import work
from row import COUNT, MEMORY, Limit, Row
from settings import MIB, choose

NAMES = ("mediafs", *settings.RIVALS)
GOAL = (Limit(64),)
FILES, LARGE = choose(2_000, 200), choose(256 * MIB, 16 * MIB)


def measure():
    idle, busy = {}, {}
    with server.ceph() as store:
        for name in NAMES:
            bucket = server.make_bucket(store, f"footprint-{name}")
            with targets.MAKERS[name](store, bucket) as target:
                idle[name] = targets.look("footprint", name, target.pid)
                with targets.failing("work", target):
                    exercise(target)
                busy[name] = targets.look("footprint", name, target.pid)
    with targets.scratch() as directory:
        yield Row("program, stripped", MEMORY, {
            name: [size(program, directory)] for name, program in programs().items()})
    yield Row("resident, idle", MEMORY, field(idle, "resident"))
    yield Row("resident, after some work", MEMORY, field(busy, "resident"), GOAL)
    worst = {name: [targets.notes.worst(name, "resident")] for name in NAMES}
    yield Row("resident, after any group of this run, at most", MEMORY, worst, GOAL)
    peaks = {name: [targets.notes.worst(name, "peak")] for name in NAMES}
    yield Row("resident, ever in this run", MEMORY, peaks)
    for kind in ("threads", "descriptors"):
        yield Row(f"{kind}, idle", COUNT, field(idle, kind))
        yield Row(f"{kind}, after some work", COUNT, field(busy, kind))


def exercise(target):
    """Some of everything: small files, a large one, reads, names."""
    work.create(target.path / "files", FILES)
    work.write(target.path / "large", LARGE)
    target.drain()
    work.read(target.path / "large")
    work.list_all(target.path)
    for number in range(FILES):
        (target.path / "files" / f"{number:05d}").read_bytes()


def field(looks, name):
    return {target: [getattr(look, name)] for target, look in looks.items()}


def programs():
    found = {"mediafs": settings.PROGRAM, "s3fs": shutil.which("s3fs")}
    # The wheel has a launcher in front of the program.
    for path in pathlib.Path(settings.TOOLS.parent).rglob("rclone"):
        if path.is_file() and path.stat().st_size > MIB:
            found["rclone"] = path
    return {name: path for name, path in found.items() if path}


def size(program, directory):
    """MiB of a program as `make install` leaves it, without its symbols."""
    copy = directory / "stripped"
    stripped = subprocess.run(
        ["strip", "-o", copy, program], check=False, stderr=subprocess.DEVNULL)
    path = copy if stripped.returncode == 0 else pathlib.Path(program)
    return path.stat().st_size / MIB
