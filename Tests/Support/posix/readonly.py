"""A mount that is read-only: everything is seen, nothing is changed. Needs what PREPARE makes."""
import errno
import os
import stat

from ground import FORMATS, KINDS, OWNER, make, read
from kernel import (
    RENAME_EXCHANGE, RENAME_NOREPLACE, UTIME_NOW, fallocate, rename2, utimensat)


def prepared(t):
    for kind in KINDS:
        make(kind, kind)
    make("file", "directory/inside", 0o666)
    os.setxattr("file", "user.a", b"1")
    os.chmod("directory", 0o777)
    os.chmod("file", 0o666)
    t.settle()
    t.same(sorted(os.listdir(".")), sorted(KINDS), "what is there for later")


def changes():
    return {
        "O_CREAT": lambda: os.open("new", os.O_CREAT | os.O_WRONLY),
        "O_WRONLY": lambda: os.open("file", os.O_WRONLY),
        "O_RDWR": lambda: os.open("file", os.O_RDWR),
        "O_TRUNC": lambda: os.open("file", os.O_RDONLY | os.O_TRUNC),
        "O_APPEND": lambda: os.open("file", os.O_WRONLY | os.O_APPEND),
        "O_TMPFILE": lambda: os.open(".", os.O_TMPFILE | os.O_RDWR),
        "O_CREAT beneath": lambda: os.open("directory/new", os.O_CREAT | os.O_WRONLY),
        "truncate": lambda: os.truncate("file", 1), "mkdir": lambda: os.mkdir("new"),
        "mkfifo": lambda: os.mkfifo("new"), "symlink": lambda: os.symlink("target", "new"),
        "mknod": lambda: os.mknod("new", stat.S_IFREG | 0o644),
        "mknod of a device": lambda: os.mknod("new", FORMATS["character"], os.makedev(1, 3)),
        "link": lambda: os.link("file", "new"), "unlink": lambda: os.unlink("file"),
        "rmdir": lambda: os.rmdir("directory"), "rename": lambda: os.rename("file", "new"),
        "rename over": lambda: os.rename("file", "fifo"),
        "exchange": lambda: rename2("file", "fifo", RENAME_EXCHANGE),
        "rename without replacing": lambda: rename2("file", "new", RENAME_NOREPLACE),
        "setxattr": lambda: os.setxattr("file", "user.b", b"1"),
        "removexattr": lambda: os.removexattr("file", "user.a"),
        "access for writing": lambda: demand_write("file"),
        "access of a directory": lambda: demand_write("directory"),
    }


def of_each_kind():
    return {
        "chmod": lambda n: os.chmod(n, 0o600), "chown": lambda n: os.lchown(n, 1, 1),
        "utimensat": lambda n: utimensat(n, 1, 2), "now": lambda n: utimensat(n, UTIME_NOW,
                                                                               UTIME_NOW),
    }


def demand_write(name):
    if not os.access(name, os.W_OK):
        raise OSError(errno.EROFS, "access")
    raise AssertionError("may be written")


def refuses_all(t):
    before = sorted((name, os.lstat(name)[:9]) for name in os.listdir("."))
    for what, function in changes().items():
        t.refuses(errno.EROFS, what, function)
        t.refuses((errno.EROFS, errno.EACCES, errno.EPERM), f"{what} by another", OWNER(function))
    for kind in KINDS:
        for what, function in of_each_kind().items():
            if kind != "symlink" or what == "chown":
                t.refuses(errno.EROFS, f"{what} of a {kind}", function, kind)
    descriptor = os.open("file", os.O_RDONLY)
    t.refuses((errno.EROFS, errno.EBADF), "fallocate", fallocate, descriptor, 0, 0, 1)
    t.refuses(errno.EROFS, "fchmod", os.fchmod, descriptor, 0o600)
    os.close(descriptor)
    after = sorted((name, os.lstat(name)[:9]) for name in os.listdir("."))
    t.same(after, before, "what is there, and how")


def still_reads(t):
    t.same(sorted(os.listdir(".")), sorted(KINDS), "the listing")
    t.same(read("file"), b"file", "a file")
    t.same(read("directory/inside"), b"inside", "a file beneath")
    t.same(os.readlink("symlink"), "target of symlink", "a link")
    t.same(os.getxattr("file", "user.a"), b"1", "an attribute")
    t.check(os.statvfs(".").f_flag & os.ST_RDONLY, "statfs says so")
    t.check(os.access("file", os.R_OK), "access for reading")
    for kind in KINDS:
        t.same(stat.S_IFMT(os.lstat(kind).st_mode), FORMATS[kind], f"a {kind}")
    # What is no file of the filesystem can be written to: data of a FIFO lives in memory.
    reader = t.allows("a FIFO for reading", os.open, "fifo", os.O_RDONLY | os.O_NONBLOCK)
    writer = t.allows("a FIFO for writing", os.open, "fifo", os.O_WRONLY | os.O_NONBLOCK)
    os.write(writer, b"x")
    t.same(os.read(reader, 1), b"x", "through a FIFO")
    os.close(reader)
    os.close(writer)


PREPARE = [prepared]
CASES = [refuses_all, still_reads]
# Works in the directory that it is given.
IN_PLACE = True
