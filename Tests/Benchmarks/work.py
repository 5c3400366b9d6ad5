"""What programs do with files, each with the time that it takes."""
import contextlib
import json
import os
import pathlib
import random
import subprocess
import tarfile
import time

import settings

CHUNK = settings.MIB


def timed(call, *arguments):
    """The seconds that a call takes."""
    begin = time.perf_counter()
    call(*arguments)
    return time.perf_counter() - begin


def run(*words, environment=None):
    """Runs a program, whose complaints become the error."""
    done = subprocess.run(
        words, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, env=environment)
    if done.returncode != 0:
        raise RuntimeError(f"{words[0]} ended with {done.returncode}: {done.stderr[:300]}")


def drop_page_cache():
    """The kernel keeps neither bytes nor names; what is not on disk is written first."""
    os.sync()
    pathlib.Path("/proc/sys/vm/drop_caches").write_text("3")


@contextlib.contextmanager
def opened(path, flags):
    """Closed in any case: a file that stays open keeps a mount from going away."""
    descriptor = os.open(path, flags, 0o644)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def read(path):
    """Reads a file from beginning to end; returns MiB/s."""
    buffer, total = bytearray(CHUNK), 0
    begin = time.perf_counter()
    with opened(path, os.O_RDONLY) as descriptor:
        while count := os.readv(descriptor, [buffer]):
            total += count
    return total / settings.MIB / (time.perf_counter() - begin)


def write(path, size):
    """Writes a new file and has it on disk; returns MiB/s."""
    data = os.urandom(CHUNK)
    begin = time.perf_counter()
    with opened(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL) as descriptor:
        for _ in range(size // CHUNK):
            write_whole(descriptor, data)
        os.fsync(descriptor)
    return size / settings.MIB / (time.perf_counter() - begin)


def write_whole(descriptor, data):
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view):]


def random_reads(path, jobs, seconds):
    """Reads of 4 KiB at random places by so many processes; returns how many a second."""
    words = [
        "fio", "--name=random", "--output-format=json", f"--filename={path}", "--rw=randread",
        "--bs=4k", "--ioengine=psync", f"--numjobs={jobs}", f"--runtime={seconds}",
        "--time_based", "--group_reporting", f"--size={settings.BIG}", "--readonly",
        "--invalidate=0", "--norandommap"]
    answer = subprocess.run(words, check=True, capture_output=True, text=True).stdout
    return json.loads(answer[answer.index("{"):])["jobs"][0]["read"]["iops"]


def create(directory, count, size=settings.SMALL_SIZE):
    """Creates a directory of files; returns how many a second."""
    data = os.urandom(size)
    begin = time.perf_counter()
    os.mkdir(directory)
    for number in range(count):
        name = f"{directory}/{number:05d}"
        descriptor = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644)
        os.write(descriptor, data)
        os.close(descriptor)
    return count / (time.perf_counter() - begin)


def stat(paths):
    """Asks for the attributes of each file; returns how many a second."""
    begin = time.perf_counter()
    for path in paths:
        os.stat(path)
    return len(paths) / (time.perf_counter() - begin)


def list_all(directory):
    """The seconds of `ls -lR`."""
    return timed(run, "ls", "-lR", directory)


def untar(archive, directory):
    """The seconds until an archive is unpacked in a new directory."""
    os.mkdir(directory)
    return timed(run, "tar", "-xf", archive, "-C", directory)


def delete(directory):
    """The seconds of `rm -r`."""
    return timed(run, "rm", "-r", directory)


def source_tree(archive, files):
    """Writes an archive like that of sources: small files of all sizes, some directories deep.

    The sizes are log-normal with a median of 4 KiB, and always the same.
    """
    chance = random.Random(20_261_122)
    directories = [""]
    data = os.urandom(settings.MIB)
    with tarfile.open(archive, "w") as tar:
        for number in range(max(1, files * 3 // 50)):
            parent = chance.choice([path for path in directories if path.count("/") < 4])
            directories.append(f"{parent}d{number:03d}/")
            entry = tarfile.TarInfo(directories[-1].rstrip("/"))
            entry.type, entry.mode = tarfile.DIRTYPE, 0o755
            tar.addfile(entry)
        for number in range(files):
            entry = tarfile.TarInfo(f"{chance.choice(directories)}f{number:05d}.c")
            entry.size = min(int(chance.lognormvariate(8.3, 1.2)), settings.MIB)
            entry.mtime = 1_700_000_000 + number
            with pathlib.Path(archive).with_suffix(".part").open("w+b") as part:
                part.write(data[:entry.size])
                part.seek(0)
                tar.addfile(entry, part)
    return archive
