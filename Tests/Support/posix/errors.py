"""Every call that takes a path, with every path that cannot be walked."""
import errno
import os
import stat

from ground import OTHER, make, write
from kernel import NOWHERE, UTIME_NOW, call, name_to_handle, path, utimensat

NAME_MAX, PATH_MAX = 255, 4096

# Calls on something that is there.
ON_EXISTING = {
    "stat": os.stat, "lstat": os.lstat, "open": lambda n: os.close(os.open(n, os.O_RDONLY)),
    "open for writing": lambda n: os.close(os.open(n, os.O_WRONLY)),
    "chmod": lambda n: os.chmod(n, 0o644), "chown": lambda n: os.chown(n, -1, -1),
    "lchown": lambda n: os.lchown(n, -1, -1), "truncate": lambda n: os.truncate(n, 1),
    "utimensat": lambda n: utimensat(n, UTIME_NOW, UTIME_NOW), "readlink": os.readlink,
    "unlink": os.unlink, "rmdir": os.rmdir, "access": lambda n: call("access", path(n), 0),
    "statfs": os.statvfs, "chdir": os.chdir, "listdir": os.listdir,
    "rename from": lambda n: os.rename(n, "renamed"), "link from": lambda n: os.link(n, "linked"),
    "getxattr": lambda n: os.getxattr(n, "user.x"),
    "setxattr": lambda n: os.setxattr(n, "user.x", b"1"),
    "removexattr": lambda n: os.removexattr(n, "user.x"), "listxattr": os.listxattr,
    "name_to_handle_at": name_to_handle,
}
# Calls that make something.
MAKING = {
    "O_CREAT": lambda n: os.close(os.open(n, os.O_CREAT | os.O_WRONLY, 0o644)),
    "mkdir": os.mkdir, "mkfifo": os.mkfifo, "symlink": lambda n: os.symlink("target", n),
    "mknod": lambda n: os.mknod(n, stat.S_IFREG | 0o644), "link to": lambda n: os.link("source", n),
    "mknod of a socket": lambda n: os.mknod(n, stat.S_IFSOCK | 0o644),
    "mknod of a device": lambda n: os.mknod(n, stat.S_IFCHR | 0o644, os.makedev(1, 3)),
    "rename to": lambda n: os.rename("source", n),
}
ALL = ON_EXISTING | MAKING


def prefixes(t):
    """Something on the way is no directory, is missing, or goes round in circles."""
    write("source")
    for kind in ("file", "fifo", "socket", "block", "character"):
        make(kind, kind)
        os.symlink(kind, "to-" + kind)
    os.symlink("loop", "loop")
    os.symlink("missing", "dangling")
    for what, function in ALL.items():
        for kind in ("file", "fifo", "socket", "block", "character"):
            t.refuses(errno.ENOTDIR, f"{what} beneath a {kind}", function, f"{kind}/x")
            t.refuses(errno.ENOTDIR, f"{what} beneath a link to a {kind}", function,
                      f"to-{kind}/x")
        t.refuses(errno.ENOENT, f"{what} beneath what is missing", function, "missing/x")
        t.refuses(errno.ENOENT, f"{what} beneath a link to nothing", function, "dangling/x")
        t.refuses(errno.ELOOP, f"{what} beneath a loop", function, "loop/x")
    for what, function in ON_EXISTING.items():
        t.refuses(errno.ENOENT, f"{what} of what is missing", function, "missing")
        t.refuses(errno.ENOENT, f"{what} of an empty name", function, "")
    t.check(not os.path.lexists("missing"), "nothing was made")


def too_long(t):
    write("source")
    longest, longer = "n" * NAME_MAX, "n" * (NAME_MAX + 1)
    for what, function in ALL.items():
        t.refuses(errno.ENAMETOOLONG, f"{what} of a name of 256 bytes", function, longer)
        t.refuses(errno.ENAMETOOLONG, f"{what} beneath a name of 256 bytes", function,
                  longer + "/x")
        t.refuses(errno.ENAMETOOLONG, f"{what} of a path of 4,096 bytes", function,
                  "./" * (PATH_MAX // 2 - 1) + "xx")
    for what, function in MAKING.items():
        if not os.path.lexists("source"):
            write("source")
        t.allows(f"{what} of a name of 255 bytes", function, longest)
        t.same([name for name in os.listdir(".") if name[0] == "n"], [longest],
               f"what {what} made")
        t.check(os.path.lexists("./" * ((PATH_MAX - NAME_MAX) // 2 - 1) + longest),
                "a path that is long enough")
        os.rmdir(longest) if what == "mkdir" else os.unlink(longest)
    # 255 bytes, not letters.
    for letter in ("ü", "日", "😀"):
        size = len(letter.encode())
        name = letter * (NAME_MAX // size)
        t.allows(f"a name of {len(name)} {letter}", write, name)
        t.refuses(errno.ENAMETOOLONG, f"one {letter} more", write, name + letter)
        t.check(name in os.listdir("."), f"a name of {len(name)} {letter} in the listing")


def closed(t):
    """A directory that one may not search, and one that one may not write."""
    write("source")
    os.mkdir("unsearchable", 0o755)
    make("file", "unsearchable/x", 0o666)
    os.chmod("unsearchable", 0o666)
    os.mkdir("unwritable", 0o755)
    os.chown("source", OTHER.uid, OTHER.gid)
    os.chmod(".", 0o777)
    for what, function in ON_EXISTING.items():
        t.refuses(errno.EACCES, f"{what} where one may not search", OTHER(function),
                  "unsearchable/x")
    for what, function in MAKING.items():
        wanted = (errno.EPERM, errno.EACCES) if "device" in what else errno.EACCES
        t.refuses(wanted, f"{what} where one may not search", OTHER(function), "unsearchable/new")
        t.refuses(wanted, f"{what} where one may not write", OTHER(function), "unwritable/new")
    t.same(os.listdir("unwritable"), [], "nothing was made")


def addresses(t):
    """A pointer to nowhere: EFAULT, and never the end of the daemon."""
    calls = {
        "stat": (NOWHERE, NOWHERE), "access": (NOWHERE, 0), "chdir": (NOWHERE,),
        "rmdir": (NOWHERE,), "readlink": (NOWHERE, NOWHERE, 10), "open": (NOWHERE, 0),
        "listxattr": (NOWHERE, None, 0), "getxattr": (NOWHERE, b"user.x", None, 0),
        "statfs": (NOWHERE, NOWHERE), "truncate": (NOWHERE, 0), "chown": (NOWHERE, 0, 0),
        "mkdir": (NOWHERE, 0o755), "unlink": (NOWHERE,), "chmod": (NOWHERE, 0),
    }
    for what, arguments in calls.items():
        t.refuses(errno.EFAULT, f"{what} of a bad address", call, what, *arguments)
    write("file", b"content")
    descriptor = os.open("file", os.O_RDWR)
    t.refuses(errno.EFAULT, "read into a bad address", call, "read", descriptor, NOWHERE, 4)
    t.refuses(errno.EFAULT, "write from a bad address", call, "write", descriptor, NOWHERE, 4)
    t.refuses(errno.EFAULT, "getdents into a bad address", list_into_nowhere)
    t.same(os.pread(descriptor, 10, 0), b"content", "what a bad write left")
    t.refuses(errno.EFAULT, "stat into a bad address", call, "stat", b"file", NOWHERE)
    t.refuses(errno.EFAULT, "statfs into a bad address", call, "statfs", b"file", NOWHERE)
    os.close(descriptor)


def list_into_nowhere():
    descriptor = os.open(".", os.O_RDONLY)
    try:
        call("getdents64", descriptor, NOWHERE, 4096)
    finally:
        os.close(descriptor)


def descriptors(t):
    write("file", b"content")
    descriptor = os.open("file", os.O_RDONLY)
    os.close(descriptor)
    for what, function in (("read", lambda: os.read(descriptor, 1)),
                           ("write", lambda: os.write(descriptor, b"x")),
                           ("fstat", lambda: os.fstat(descriptor)),
                           ("fsync", lambda: os.fsync(descriptor)),
                           ("ftruncate", lambda: os.ftruncate(descriptor, 0)),
                           ("fchmod", lambda: os.fchmod(descriptor, 0)),
                           ("fchdir", lambda: os.fchdir(descriptor))):
        t.refuses(errno.EBADF, f"{what} of what is closed", function)
    descriptor = os.open("file", os.O_RDWR)
    t.refuses(errno.ENOTDIR, "fchdir to a file", os.fchdir, descriptor)
    t.refuses(errno.ENOTDIR, "openat beneath a file", os.open, "x", os.O_RDONLY, dir_fd=descriptor)
    t.refuses(errno.EINVAL, "lseek before the start", os.lseek, descriptor, -1, os.SEEK_SET)
    t.refuses(errno.EINVAL, "lseek of no kind", os.lseek, descriptor, 0, 99)
    t.refuses(errno.EINVAL, "pread before the start", os.pread, descriptor, 1, -1)
    t.refuses(errno.EINVAL, "pwrite before the start", os.pwrite, descriptor, b"x", -1)
    t.same(os.lseek(descriptor, 0, os.SEEK_END), 7, "lseek to the end")
    t.same(os.lseek(descriptor, 100, os.SEEK_CUR), 107, "lseek beyond it")
    t.same(os.read(descriptor, 10), b"", "read beyond the end")
    os.close(descriptor)
    directory = os.open(".", os.O_RDONLY)
    t.refuses(errno.EISDIR, "read of a directory", os.read, directory, 1)
    t.refuses(errno.EBADF, "write to a directory", os.write, directory, b"x")
    t.refuses((errno.EINVAL, errno.EBADF, errno.EISDIR), "ftruncate of a directory", os.ftruncate,
              directory, 0)
    t.allows("fsync of a directory", os.fsync, directory)
    os.close(directory)
    t.refuses(errno.ENOTTY, "an ioctl of terminals", os.tcgetpgrp, os.open("file", os.O_RDONLY))


CASES = [prefixes, too_long, closed, addresses, descriptors]
