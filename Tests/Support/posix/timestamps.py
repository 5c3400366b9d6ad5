"""Which of atime, mtime and ctime each call moves, on the object and on its directory."""
import fcntl
import os
import stat
import time

from ground import FORMATS, KINDS, OTHER_THAN_DIRECTORY, WITH_MODE, exists, make, write
from kernel import (
    FALLOC_KEEP_SIZE, FALLOC_PUNCH_HOLE, FALLOC_ZERO_RANGE, RENAME_EXCHANGE, fallocate, rename2)

# clock_gettime(2): CLOCK_REALTIME_COARSE, which Python does not name.
COARSE_CLOCK = 5
PAST = 1_000_000_000_000_000_000


def pass_a_tick():
    """Returns when the kernel's coarse clock, which gives the timestamps, has moved on."""
    start = time.clock_gettime_ns(COARSE_CLOCK)
    while time.clock_gettime_ns(COARSE_CLOCK) <= start:
        pass


class Watch:
    """The times of some names before a call, to be compared with those behind it."""

    def __init__(self, t, *names):
        self.t = t
        self.before = {name: self.times(name) for name in names}
        pass_a_tick()

    @staticmethod
    def times(name):
        info = os.fstat(name) if isinstance(name, int) else os.lstat(name)
        return {"atime": info.st_atime_ns, "mtime": info.st_mtime_ns, "ctime": info.st_ctime_ns}

    def expect(self, name, what, *moved, now=None):
        """Exactly these times have moved, and forwards; atime only where it is named in full."""
        found, before = self.times(now or name), self.before[name]
        for which in ("mtime", "ctime"):
            if which in moved:
                self.t.check(found[which] > before[which], f"{what} moves {which} of {name}")
            else:
                self.t.same(found[which], before[which], f"{what} leaves {which} of {name}")
        if "atime" not in moved:
            self.t.same(found["atime"], before["atime"], f"{what} leaves atime of {name}")
        else:
            self.t.check(found["atime"] > before["atime"], f"{what} moves atime of {name}")


def creation(t):
    os.mkdir("d")
    makers = {
        "open": lambda n: os.close(os.open(n, os.O_CREAT | os.O_WRONLY)),
        "mkdir": os.mkdir, "mkfifo": os.mkfifo, "symlink": lambda n: os.symlink("x", n),
        "mknod": lambda n: os.mknod(n, stat.S_IFREG | 0o644),
        "mknod of a device": lambda n: os.mknod(n, stat.S_IFCHR | 0o644, os.makedev(1, 3)),
        "mknod of a socket": lambda n: os.mknod(n, FORMATS["socket"] | 0o644),
    }
    for what, function in makers.items():
        watch = Watch(t, "d")
        earliest = time.clock_gettime_ns(COARSE_CLOCK)
        function("d/" + what)
        latest = time.time_ns()
        watch.expect("d", what, "mtime", "ctime")
        for which, when in Watch.times("d/" + what).items():
            t.check(earliest <= when <= latest, f"{which} of what {what} made", when)
    for kind in OTHER_THAN_DIRECTORY:
        make(kind, kind)
        watch = Watch(t, "d", kind)
        os.link(kind, "d/link-" + kind, follow_symlinks=False)
        watch.expect(kind, "link", "ctime")
        watch.expect("d", "link", "mtime", "ctime")
        watch = Watch(t, "d", kind)
        os.unlink("d/link-" + kind)
        watch.expect(kind, "unlink of another name", "ctime")
        watch.expect("d", "unlink", "mtime", "ctime")
    os.mkdir("d/sub")
    watch = Watch(t, "d")
    os.rmdir("d/sub")
    watch.expect("d", "rmdir", "mtime", "ctime")
    write("held")
    descriptor = os.open("held", os.O_RDONLY)
    watch = Watch(t, descriptor)
    os.unlink("held")
    watch.expect(descriptor, "unlink while open", "ctime")
    os.close(descriptor)


def attributes(t):
    for kind in WITH_MODE:
        os.mkdir("d-" + kind)
        name = f"d-{kind}/thing"
        make(kind, name)
        calls = {
            "chmod": lambda n: os.chmod(n, 0o604), "chown": lambda n: os.chown(n, 5, 6),
            "chown to the same": lambda n: os.chown(n, 5, 6),
            "chmod to the same": lambda n: os.chmod(n, 0o604),
        }
        for what, function in calls.items():
            watch = Watch(t, name, f"d-{kind}")
            function(name)
            watch.expect(name, f"{what} of a {kind}", "ctime")
            watch.expect(f"d-{kind}", f"{what} of a {kind}")
        watch = Watch(t, name)
        os.utime(name, ns=(PAST, PAST))
        moved = os.lstat(name).st_ctime_ns > watch.before[name]["ctime"]
        t.check(moved, f"utimensat moves ctime of a {kind}")
    make("symlink", "link")
    watch = Watch(t, "link")
    os.lchown("link", 5, 6)
    watch.expect("link", "lchown", "ctime")
    for function in (lambda: os.setxattr("thing", "user.a", b"1"),
                     lambda: os.removexattr("thing", "user.a")):
        make("file", "thing") if not exists("thing") else None
        watch = Watch(t, "thing")
        function()
        watch.expect("thing", "setxattr and removexattr", "ctime")


def content(t):
    os.mkdir("d")
    write("d/file", b"0123456789" * 1000)
    descriptor = os.open("d/file", os.O_RDWR)
    calls = {
        "write": lambda: os.write(descriptor, b"x"),
        "pwrite": lambda: os.pwrite(descriptor, b"x", 5000),
        "pwrite behind the end": lambda: os.pwrite(descriptor, b"x", 20_000),
        "ftruncate to less": lambda: os.ftruncate(descriptor, 9_000),
        "ftruncate to more": lambda: os.ftruncate(descriptor, 12_000),
        "truncate": lambda: os.truncate("d/file", 8_000),
        "truncate to the same size": lambda: os.truncate("d/file", 8_000),
        "fallocate": lambda: fallocate(descriptor, 0, 0, 16_384),
        "punching a hole": lambda: fallocate(
            descriptor, FALLOC_PUNCH_HOLE | FALLOC_KEEP_SIZE, 0, 4_096),
        "zeroing a range": lambda: fallocate(descriptor, FALLOC_ZERO_RANGE, 4_096, 4_096),
        "O_TRUNC": lambda: os.close(os.open("d/file", os.O_WRONLY | os.O_TRUNC)),
    }
    for what, function in calls.items():
        watch = Watch(t, "d/file", "d")
        t.allows(what, function)
        watch.expect("d/file", what, "mtime", "ctime")
        watch.expect("d", what)
    nothing = {
        "write of no bytes": lambda: os.write(descriptor, b""),
        "fsync": lambda: os.fsync(descriptor),
        "stat": lambda: os.stat("d/file"), "access": lambda: os.access("d/file", os.R_OK),
        "lseek": lambda: os.lseek(descriptor, 5, os.SEEK_SET),
        "flock": lambda: fcntl.flock(descriptor, fcntl.LOCK_EX), "getxattr": attributes_of,
        "open": lambda: os.close(os.open("d/file", os.O_RDWR)),
        "a refused truncate": refused_truncate,
    }
    for what, function in nothing.items():
        watch = Watch(t, "d/file", "d")
        function()
        watch.expect("d/file", what)
        watch.expect("d", what)
    os.close(descriptor)
    t.settle()
    watch = Watch(t, "d/file")
    t.settle()
    watch.expect("d/file", "writing back")


def attributes_of():
    return os.listxattr("d/file")


def refused_truncate():
    try:
        os.truncate("d/file", -1)
    except OSError:
        pass


def reads(t):
    """atime follows reads as `relatime` has it: when it is not behind mtime, once a day."""
    write("file", b"content")
    os.mkdir("d")
    write("d/x")
    os.symlink("file", "link")
    reads_of = {
        "file": lambda: os.close(read_one("file")), "d": lambda: os.listdir("d"),
        "link": lambda: os.readlink("link"),
    }
    for name, function in reads_of.items():
        os.utime(name, ns=(PAST, PAST + 1), follow_symlinks=False)
        watch = Watch(t, name)
        function()
        watch.expect(name, f"reading {name}", "atime")
        # Now atime is of today and behind mtime: it stays for a day.
        watch = Watch(t, name)
        function()
        watch.expect(name, f"reading {name} again")


def read_one(name):
    descriptor = os.open(name, os.O_RDONLY)
    os.read(descriptor, 1)
    return descriptor


def renames(t):
    for kind in KINDS:
        for directory in ("from", "to"):
            os.makedirs(f"{kind}/{directory}")
        make(kind, f"{kind}/from/old")
        source, target = f"{kind}/from", f"{kind}/to"
        watch = Watch(t, source, target, f"{kind}/from/old")
        os.rename(f"{kind}/from/old", f"{kind}/to/new")
        for name in (source, target):
            watch.expect(name, f"rename of a {kind}", "mtime", "ctime")
        watch.expect(f"{kind}/from/old", "rename", "ctime", now=f"{kind}/to/new")
        make("file" if kind != "directory" else "directory", f"{kind}/from/other")
        watch = Watch(t, source, target, f"{kind}/to/new", f"{kind}/from/other")
        rename2(f"{kind}/to/new", f"{kind}/from/other", RENAME_EXCHANGE)
        for name in (source, target):
            watch.expect(name, f"exchange of a {kind}", "mtime", "ctime")
        watch.expect(f"{kind}/to/new", "exchange", "ctime", now=f"{kind}/from/other")
        watch.expect(f"{kind}/from/other", "exchange", "ctime", now=f"{kind}/to/new")
    write("kept")
    os.link("kept", "second")
    write("over")
    watch = Watch(t, "second")
    os.rename("over", "kept")
    watch.expect("second", "losing a name to a rename", "ctime")


def what_fails_moves_nothing(t):
    os.makedirs("d/full/x")
    make("file", "d/file")
    attempts = {
        "mkdir of what exists": lambda: os.mkdir("d/full"), "rmdir": lambda: os.rmdir("d/full"),
        "rename": lambda: os.rename("d/file", "d/full"), "unlink": lambda: os.unlink("d/full"),
        "link": lambda: os.link("d/file", "d/full"), "symlink": lambda: os.symlink("x", "d/file"),
        "mknod": lambda: os.mknod("d/file", 0o100644),
        "O_EXCL": lambda: os.open("d/file", os.O_CREAT | os.O_EXCL | os.O_WRONLY),
    }
    for what, function in attempts.items():
        watch = Watch(t, "d", "d/full", "d/file")
        t.refuses((17, 39, 21), what, function)
        for name in ("d", "d/full", "d/file"):
            watch.expect(name, f"a refused {what}")


CASES = [creation, attributes, content, reads, renames, what_fails_moves_nothing]
