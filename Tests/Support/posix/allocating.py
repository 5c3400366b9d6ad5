"""fallocate(2) in the modes that a file of extents has, SEEK_DATA and SEEK_HOLE."""
import errno
import os

from ground import KINDS, make, read, write
from kernel import (
    FALLOC_KEEP_SIZE, FALLOC_PUNCH_HOLE, FALLOC_ZERO_RANGE, fallocate)
from things import STATES, Exhibits

PUNCH = FALLOC_PUNCH_HOLE | FALLOC_KEEP_SIZE
MODES = {
    "allocate": 0, "allocate and keep size": FALLOC_KEEP_SIZE, "punch": PUNCH,
    "zero": FALLOC_ZERO_RANGE, "zero and keep size": FALLOC_ZERO_RANGE | FALLOC_KEEP_SIZE,
}
# Within a page, across pages, whole pages, over the end, behind the end.
RANGES = [(0, 1), (10, 100), (4_095, 2), (0, 4_096), (4_096, 4_096), (3_000, 5_000), (0, 9_999),
          (9_000, 5_000), (9_999, 1), (20_000, 10_000), (0, 65_536)]
# A hole that any filesystem makes of this is at least so large and so aligned.
UNIT = 65_536


def after(before, mode, offset, length):
    """What the content is by the manual."""
    zeroed = mode & (FALLOC_PUNCH_HOLE | FALLOC_ZERO_RANGE)
    size = len(before) if mode & FALLOC_KEEP_SIZE else max(len(before), offset + length)
    content = bytearray(before.ljust(size, b"\0"))
    if zeroed:
        end = min(offset + length, size)
        content[offset:end] = bytes(max(0, end - offset))
    return bytes(content)


def every_mode(t):
    exhibits = Exhibits(t.settle)
    for state in STATES:
        for number in range(len(MODES)):
            exhibits.add(state, name_of(state, number))
    exhibits.ready()
    for state in STATES:
        for number, (what, mode) in enumerate(MODES.items()):
            name = name_of(state, number)
            descriptor = os.open(name, os.O_RDWR)
            wanted = read(name)
            for offset, length in RANGES:
                text = f"{what} {length} at {offset} of a {state}"
                t.allows(text, fallocate, descriptor, mode, offset, length)
                wanted = after(wanted, mode, offset, length)
                t.same(os.fstat(descriptor).st_size, len(wanted), f"size after {text}")
                t.check(os.pread(descriptor, 100_000, 0) == wanted, f"content after {text}")
                os.pwrite(descriptor, b"mark", offset)
                wanted = bytearray(wanted.ljust(offset + 4, b"\0"))
                wanted[offset:offset + 4] = b"mark"
                wanted = bytes(wanted)
            os.close(descriptor)
            t.check(read(name) == wanted, f"content of a {state} after all of {what}")
    exhibits.close()
    t.settle()


def name_of(state, number):
    return f"{state.split()[0]}{number}"


def growth_and_room(t):
    write("file", b"start")
    descriptor = os.open("file", os.O_RDWR)
    fallocate(descriptor, FALLOC_KEEP_SIZE, 0, 4 << 20)
    t.same(os.fstat(descriptor).st_size, 5, "size with room kept behind the end")
    fallocate(descriptor, 0, 0, 1 << 20)
    t.same(os.fstat(descriptor).st_size, 1 << 20, "size after growth")
    t.same(os.pread(descriptor, 10, 0), b"start\0\0\0\0\0", "content after growth")
    t.allows("posix_fallocate", os.posix_fallocate, descriptor, 1 << 20, 1 << 20)
    t.same(os.fstat(descriptor).st_size, 2 << 20, "size after posix_fallocate")
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, b"\xaa" * (8 * UNIT), 0)
    os.fsync(descriptor)
    full = os.fstat(descriptor).st_blocks
    fallocate(descriptor, PUNCH, UNIT, 6 * UNIT)
    t.check(os.fstat(descriptor).st_blocks <= full - 5 * UNIT // 512, "a hole gives room back",
            (full, os.fstat(descriptor).st_blocks))
    t.check(os.pread(descriptor, 8 * UNIT, 0)
            == b"\xaa" * UNIT + b"\0" * 6 * UNIT + b"\xaa" * UNIT, "content with a hole")
    os.close(descriptor)


def refuses(t):
    for kind in KINDS:
        make(kind, kind)
    descriptor = os.open("file", os.O_RDWR)
    for what, mode in MODES.items():
        t.refuses(errno.EINVAL, f"{what} nothing", fallocate, descriptor, mode, 0, 0)
        t.refuses(errno.EINVAL, f"{what} before the start", fallocate, descriptor, mode, -1, 1)
        t.refuses(errno.EINVAL, f"{what} less than nothing", fallocate, descriptor, mode, 0, -1)
        t.refuses(errno.EFBIG, f"{what} beyond all numbers", fallocate, descriptor, mode, 2**63 - 1,
                  2)
    t.refuses((errno.EOPNOTSUPP, errno.EINVAL), "a hole without keeping the size", fallocate,
              descriptor, FALLOC_PUNCH_HOLE, 0, 1)
    t.refuses((errno.EOPNOTSUPP, errno.EINVAL), "an unknown mode", fallocate, descriptor, 1 << 20,
              0, 1)
    os.close(descriptor)
    descriptor = os.open("file", os.O_RDONLY)
    t.refuses(errno.EBADF, "of what is open for reading", fallocate, descriptor, 0, 0, 1)
    os.close(descriptor)
    descriptor = os.open("directory", os.O_RDONLY)
    t.refuses((errno.EBADF, errno.EISDIR), "of a directory", fallocate, descriptor, 0, 0, 1)
    os.close(descriptor)
    reader, writer = os.pipe()
    t.refuses(errno.ESPIPE, "of a pipe", fallocate, writer, 0, 0, 1)
    os.close(reader)
    os.close(writer)
    t.same(read("file"), b"file", "nothing has changed")


def layout(descriptor):
    """[start, end) of each stretch of data."""
    size, position, found = os.fstat(descriptor).st_size, 0, []
    while position < size:
        try:
            start = os.lseek(descriptor, position, os.SEEK_DATA)
        except OSError as error:
            if error.errno != errno.ENXIO:
                raise
            break
        position = os.lseek(descriptor, start, os.SEEK_HOLE)
        found.append((start // UNIT, position / UNIT))
    return found


def holes(t):
    descriptor = os.open("sparse", os.O_RDWR | os.O_CREAT, 0o644)
    for unit in (0, 4, 5, 9):
        os.pwrite(descriptor, b"\xaa" * UNIT, unit * UNIT)
    os.ftruncate(descriptor, 16 * UNIT)
    t.same(layout(descriptor), [(0, 1), (4, 6), (9, 10)], "data of a sparse file")
    for offset, data, hole in ((0, 0, 1), (1, 4, 1), (2, 4, 2), (4, 4, 6), (5, 5, 6), (6, 9, 6),
                               (9, 9, 10)):
        for what, flag, wanted in (("data", os.SEEK_DATA, data), ("hole", os.SEEK_HOLE, hole)):
            t.same(os.lseek(descriptor, offset * UNIT, flag), wanted * UNIT,
                   f"{what} from {offset}")
    t.same(os.lseek(descriptor, UNIT + 7, os.SEEK_HOLE), UNIT + 7, "a hole from within a hole")
    t.same(os.lseek(descriptor, 4 * UNIT + 7, os.SEEK_DATA), 4 * UNIT + 7, "data from within data")
    for offset in (10, 15):
        t.refuses(errno.ENXIO, f"data from {offset}, where none is", os.lseek, descriptor,
                  offset * UNIT, os.SEEK_DATA)
    for offset in (16 * UNIT, 17 * UNIT, 2**62):
        t.refuses(errno.ENXIO, f"data from {offset}, behind the end", os.lseek, descriptor, offset,
                  os.SEEK_DATA)
        t.refuses(errno.ENXIO, f"a hole from {offset}, behind the end", os.lseek, descriptor,
                  offset, os.SEEK_HOLE)
    t.refuses(errno.ENXIO, "data before the start", os.lseek, descriptor, -1, os.SEEK_DATA)
    fallocate(descriptor, PUNCH, 4 * UNIT, UNIT)
    t.same(layout(descriptor), [(0, 1), (5, 6), (9, 10)], "data after a hole was punched")
    os.pwrite(descriptor, b"\xaa" * UNIT, 12 * UNIT)
    os.ftruncate(descriptor, 11 * UNIT)
    os.ftruncate(descriptor, 14 * UNIT)
    t.same(layout(descriptor), [(0, 1), (5, 6), (9, 10)], "data after a cut and growth")
    os.ftruncate(descriptor, 10 * UNIT)
    t.same(os.lseek(descriptor, 9 * UNIT, os.SEEK_HOLE), 10 * UNIT, "the hole behind the end")
    t.settle()
    found = layout(descriptor)
    t.check(all(any(start <= unit < end for start, end in found) for unit in (0, 5, 9)),
            "no data is taken for a hole after writing back", found)
    os.close(descriptor)
    descriptor = os.open("empty", os.O_RDWR | os.O_CREAT, 0o644)
    t.refuses(errno.ENXIO, "data of an empty file", os.lseek, descriptor, 0, os.SEEK_DATA)
    t.refuses(errno.ENXIO, "a hole of an empty file", os.lseek, descriptor, 0, os.SEEK_HOLE)
    os.close(descriptor)


def settled_data(t):
    """What was written back is data from end to end, whatever is here of it."""
    write("file", b"\xaa" * (5 * UNIT + 7))
    t.settle()
    descriptor = os.open("file", os.O_RDONLY)
    t.same(os.lseek(descriptor, 0, os.SEEK_DATA), 0, "the start of data")
    t.same(os.lseek(descriptor, 0, os.SEEK_HOLE), 5 * UNIT + 7, "the end of data")
    t.same(os.lseek(descriptor, 3 * UNIT, os.SEEK_DATA), 3 * UNIT, "data within")
    os.close(descriptor)


CASES = [every_mode, growth_and_room, refuses, holes, settled_data]
