"""O_TMPFILE: a file without a name, and the name it gets later."""
import errno
import os

from ground import OTHER, OWNER, User, exists, mode_of, read, write
from kernel import AT_EMPTY_PATH, AT_FDCWD, AT_SYMLINK_FOLLOW, linkat

CONTENT = bytes(range(256)) * 400


def unnamed(directory=".", flags=os.O_RDWR, mode=0o600):
    return os.open(directory, os.O_TMPFILE | flags, mode)


def link_by_proc(descriptor, name):
    linkat(AT_FDCWD, f"/proc/self/fd/{descriptor}", name, AT_SYMLINK_FOLLOW)


def without_name(t):
    os.mkdir("d")
    descriptor = t.allows("O_TMPFILE", unnamed, "d")
    info = os.fstat(descriptor)
    t.same((info.st_nlink, info.st_size, info.st_mode & 0o7777), (0, 0, 0o600),
           "links, size and mode of a file without name")
    t.same(os.listdir("d"), [], "its directory")
    os.pwrite(descriptor, CONTENT, 10)
    os.ftruncate(descriptor, 50_000)
    os.fsync(descriptor)
    t.settle()
    t.same(os.pread(descriptor, 60_000, 0), (b"\0" * 10 + CONTENT)[:50_000], "its content")
    os.fchmod(descriptor, 0o640)
    os.fchown(descriptor, 5, 6)
    t.same((os.fstat(descriptor).st_mode & 0o777, os.fstat(descriptor).st_uid), (0o640, 5),
           "its mode and owner")
    os.setxattr(descriptor, "user.a", b"1")
    t.same(os.getxattr(descriptor, "user.a"), b"1", "its attributes")
    os.rmdir("d")
    t.same(os.pread(descriptor, 5, 10), CONTENT[:5], "its content without its directory")
    os.close(descriptor)


def gets_a_name(t):
    os.mkdir("d")
    for number, how in enumerate(("proc", "empty path")):
        descriptor = unnamed("d", mode=0o644)
        os.write(descriptor, CONTENT)
        name = f"d/named{number}"
        if how == "proc":
            t.allows("a name by way of /proc", link_by_proc, descriptor, name)
        else:
            t.allows("a name by AT_EMPTY_PATH", linkat, descriptor, "", name, AT_EMPTY_PATH)
        t.same(read(name), CONTENT, f"content of a file named by {how}")
        t.same(os.fstat(descriptor).st_nlink, 1, "its links")
        t.same(os.stat(name).st_ino, os.fstat(descriptor).st_ino, "its inode")
        os.write(descriptor, b"more")
        t.same(read(name), CONTENT + b"more", "written to after it was named")
        t.allows("a second name", link_by_proc, descriptor, name + "-2")
        t.same(os.stat(name).st_nlink, 2, "links with two names")
        t.refuses(errno.EEXIST, "a name that is taken", link_by_proc, descriptor, name)
        os.close(descriptor)
        t.same(mode_of(name), 0o644, "mode after it was closed")
    t.settle()
    t.same(read("d/named0-2"), CONTENT + b"more", "written back under its second name")


def stays_without(t):
    descriptor = unnamed(flags=os.O_RDWR | os.O_EXCL)
    t.refuses(errno.ENOENT, "a name for a file made with O_EXCL", link_by_proc, descriptor, "never")
    os.close(descriptor)
    t.check(not exists("never"), "there is none")
    descriptors = [unnamed() for _ in range(50)]
    for number, descriptor in enumerate(descriptors):
        os.write(descriptor, b"%d" % number)
    t.same([os.pread(d, 5, 0) for d in descriptors], [b"%d" % n for n in range(50)],
           "fifty files without name")
    for descriptor in descriptors:
        os.close(descriptor)
    t.same(os.listdir("."), [], "what is left of them")


def modes_and_owners(t):
    os.mkdir("open")
    os.chmod("open", 0o777)
    os.mkdir("inherits")
    os.chown("inherits", 0, 61004)
    os.chmod("inherits", 0o2777)

    def made(directory, mode):
        descriptor = unnamed(directory, mode=mode)
        info = os.fstat(descriptor)
        return oct(info.st_mode & 0o7777), info.st_uid, info.st_gid
    for mask in (0, 0o022, 0o077):
        user = User(OWNER.uid, OWNER.gid, umask=mask)
        for mode in (0o600, 0o666, 0o777):
            t.same(user(made)("open", mode), (oct(mode & ~mask), OWNER.uid, OWNER.gid),
                   f"mode {mode:o} under umask {mask:o}")
    t.same(OWNER(made)("inherits", 0o600), (oct(0o600), OWNER.uid, 61004), "the group inherited")


def refuses(t):
    write("file")
    os.mkdir("closed", 0o755)
    for what, code, function in (
        ("for reading", errno.EINVAL, lambda: unnamed(flags=os.O_RDONLY)),
        ("in a file", errno.ENOTDIR, lambda: unnamed("file")),
        ("in nothing", errno.ENOENT, lambda: unnamed("missing")),
        ("where one may not write", errno.EACCES, lambda: OTHER(unnamed)("closed")),
    ):
        t.refuses(code, f"O_TMPFILE {what}", function)


CASES = [without_name, gets_a_name, stays_without, modes_and_owners, refuses]
