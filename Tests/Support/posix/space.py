"""statfs(2) and what stat(2) says of room: numbers that a program can reckon with."""
import os

from ground import KINDS, make, write
from kernel import fallocate

MEBIBYTE = 1 << 20


def filesystem(t):
    info = os.statvfs(".")
    t.check(512 <= info.f_bsize <= 4 * MEBIBYTE, "block size", info.f_bsize)
    t.check(info.f_bsize & (info.f_bsize - 1) == 0, "block size is a power of two", info.f_bsize)
    t.check(512 <= info.f_frsize <= info.f_bsize, "fragment size", info.f_frsize)
    t.check(info.f_blocks > 0, "there is room at all")
    t.check(info.f_blocks >= info.f_bfree >= info.f_bavail > 0, "blocks, free and available",
            (info.f_blocks, info.f_bfree, info.f_bavail))
    t.check(info.f_blocks * info.f_frsize >= 16 * MEBIBYTE, "room in bytes")
    t.check(info.f_files > 0, "number of files")
    t.check(info.f_files >= info.f_ffree >= info.f_favail > 0, "files, free and available",
            (info.f_files, info.f_ffree, info.f_favail))
    t.same(info.f_namemax, 255, "longest name")
    t.check(info.f_flag & os.ST_RDONLY == 0, "it can be written")
    for kind in KINDS:
        make(kind, kind)
        if kind != "symlink":
            t.same(os.statvfs(kind).f_blocks, info.f_blocks, f"asked by a {kind}")
    descriptor = os.open("file", os.O_RDONLY)
    t.same(os.fstatvfs(descriptor).f_blocks, info.f_blocks, "asked by a descriptor")
    os.close(descriptor)


def room_of_files(t):
    for size in (0, 1, 4_096, 100_000, 3 * MEBIBYTE):
        name = f"size{size}"
        write(name, os.urandom(size))
        descriptor = os.open(name, os.O_RDONLY)
        os.fsync(descriptor)
        os.close(descriptor)
        info = os.stat(name)
        t.same(info.st_size, size, f"size of {size} bytes")
        t.check(size <= info.st_blocks * 512 <= size * 2 + 65_536, f"room of {size} bytes",
                info.st_blocks)
        t.check(info.st_blksize >= 512, "preferred size of a transfer")
    t.same(os.stat("size0").st_blocks, 0, "room of an empty file")
    t.settle()
    info = os.stat("size100000")
    t.check(100_000 <= info.st_blocks * 512 <= 265_536, "room after writing back", info.st_blocks)
    sparse()
    t.check(os.stat("sparse").st_blocks * 512 <= MEBIBYTE, "room of a sparse file",
            os.stat("sparse").st_blocks)
    t.same(os.stat("sparse").st_size, 100 * MEBIBYTE, "size of a sparse file")


def sparse():
    descriptor = os.open("sparse", os.O_RDWR | os.O_CREAT, 0o644)
    os.ftruncate(descriptor, 100 * MEBIBYTE)
    os.pwrite(descriptor, b"island", 50 * MEBIBYTE)
    os.close(descriptor)


def numbers(t):
    """What `find`, `du` and `tar` tell things apart by."""
    devices, inodes = set(), set()
    for kind in KINDS:
        for number in range(3):
            make(kind, f"{kind}{number}")
            info = os.lstat(f"{kind}{number}")
            devices.add(info.st_dev)
            inodes.add(info.st_ino)
            t.check(info.st_ino > 0, f"inode of a {kind}")
    t.same(len(devices), 1, "devices of all")
    t.same(len(inodes), 3 * len(KINDS), "inodes of all")
    before = {kind: os.lstat(f"{kind}0").st_ino for kind in KINDS}
    t.settle()
    for kind in KINDS:
        t.same(os.lstat(f"{kind}0").st_ino, before[kind], f"inode of a {kind} after writing back")
    t.same(os.lstat("symlink0").st_size, len("target of symlink0"), "size of a link")
    descriptor = os.open("file0", os.O_RDWR)
    fallocate(descriptor, 0, 0, MEBIBYTE)
    t.same(os.stat("file0").st_size, MEBIBYTE, "size of what was allocated")
    os.close(descriptor)


CASES = [filesystem, room_of_files, numbers]
