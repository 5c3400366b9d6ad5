"""mkdir(2) and rmdir(2): attributes, link counts, and everything they refuse."""
import errno
import os
import stat

from ground import KINDS, MEMBER, OTHER, OWNER, User, exists, make, mode_of, write
from kernel import AT_REMOVEDIR, NOWHERE, call, path


def makes(t):
    for mode in (0o000, 0o100, 0o444, 0o700, 0o711, 0o750, 0o755, 0o777, 0o1777, 0o2755):
        name = f"d{mode:o}"
        t.allows(f"mkdir of {mode:o}", os.mkdir, name, mode)
        info = os.lstat(name)
        # Linux honours the sticky bit, and the set-group-ID bit only by inheritance.
        t.same(mode_of(name), mode & ~0o6000, f"mode of mkdir {mode:o}")
        t.check(stat.S_ISDIR(info.st_mode), "mkdir makes a directory")
        t.same(info.st_nlink, 2, "links of a new directory")
        t.same(sorted(os.listdir(name)), [], "what a new directory holds")
    for mask in (0o022, 0o027, 0o077, 0o777):
        os.umask(mask)
        os.mkdir(f"under{mask:o}", 0o777)
        os.umask(0)
        t.same(mode_of(f"under{mask:o}"), 0o777 & ~mask, f"mkdir under umask {mask:o}")
    t.allows("mkdir of a name with a slash", os.mkdir, "slashed/")
    t.check(stat.S_ISDIR(os.stat("slashed").st_mode), "mkdir of a name with a slash makes it")


def owner(t):
    os.mkdir("open")
    os.chmod("open", 0o777)
    os.mkdir("inherits")
    os.chown("inherits", 0, 61004)
    os.chmod("inherits", 0o2777)
    for user in (OWNER, OTHER, MEMBER, User(61005, 61006)):
        user(os.mkdir)(f"open/{user.uid}", 0o755)
        info = os.stat(f"open/{user.uid}")
        t.same((info.st_uid, info.st_gid), (user.uid, user.gid), "owner of a new directory")
        t.same(mode_of(f"open/{user.uid}"), 0o755, "mode of a new directory")
        user(os.mkdir)(f"inherits/{user.uid}", 0o755)
        info = os.stat(f"inherits/{user.uid}")
        t.same((info.st_uid, info.st_gid), (user.uid, 61004), "owner in a set-group-ID directory")
        t.same(mode_of(f"inherits/{user.uid}"), 0o2755, "the set-group-ID bit is inherited")
        user(os.mkdir)(f"inherits/{user.uid}/deep", 0o700)
        t.same(mode_of(f"inherits/{user.uid}/deep"), 0o2700, "and handed on")


def mkdir_of_what_exists(t):
    for kind in KINDS:
        make(kind, kind)
        before = os.lstat(kind)
        t.refuses(errno.EEXIST, f"mkdir over a {kind}", os.mkdir, kind)
        t.same(os.lstat(kind).st_ino, before.st_ino, f"the {kind} is still there")
    os.symlink("nowhere", "dangling")
    t.refuses(errno.EEXIST, "mkdir over a link to nothing", os.mkdir, "dangling")
    t.check(not exists("nowhere"), "mkdir makes nothing through a link")
    for name in (".", "..", "/", "directory/", "directory/."):
        t.refuses(errno.EEXIST, f"mkdir of {name}", os.mkdir, name)
    t.refuses(errno.EFAULT, "mkdir of a bad address", call, "mkdir", NOWHERE, 0o755)
    t.refuses(errno.ENOENT, "mkdir of an empty name", os.mkdir, "")
    t.refuses(errno.ENOENT, "mkdir in what is not there", os.mkdir, "missing/new")


def counts(t):
    os.mkdir("top")
    for count in range(1, 9):
        os.mkdir(f"top/{count}")
        t.same(os.stat("top").st_nlink, 2 + count, f"links with {count} subdirectories")
    for kind in ("file", "symlink", "fifo", "socket"):
        make(kind, f"top/{kind}")
        t.same(os.stat("top").st_nlink, 10, f"a {kind} adds no link to its directory")
    os.mkdir("elsewhere")
    os.rename("top/1", "elsewhere/1")
    t.same(os.stat("top").st_nlink, 9, "links after a subdirectory moved away")
    t.same(os.stat("elsewhere").st_nlink, 3, "links after a subdirectory moved in")
    os.rename("top/2", "elsewhere/1")
    t.same(os.stat("top").st_nlink, 8, "links after one replaced another elsewhere")
    t.same(os.stat("elsewhere").st_nlink, 3, "links after one was replaced")
    for count in range(3, 9):
        os.rmdir(f"top/{count}")
        t.same(os.stat("top").st_nlink, 10 - count, f"links after rmdir of number {count}")


def removes(t):
    os.mkdir("gone")
    t.allows("rmdir", os.rmdir, "gone")
    t.check(not exists("gone"), "rmdir removes")
    t.refuses(errno.ENOENT, "rmdir again", os.rmdir, "gone")
    os.mkdir("slashed")
    t.allows("rmdir of a name with a slash", os.rmdir, "slashed/")
    os.mkdir("at")
    t.allows("unlinkat with AT_REMOVEDIR", call, "unlinkat", -100, path("at"), AT_REMOVEDIR)
    t.check(not exists("at"), "unlinkat removes a directory")
    # A name may be another kind the next moment.
    for kind in KINDS:
        os.mkdir("again")
        os.rmdir("again")
        make(kind, "again")
        t.same(stat.S_IFMT(os.lstat("again").st_mode) == stat.S_IFDIR, kind == "directory",
               f"a {kind} where a directory was")
        if kind == "directory":
            os.rmdir("again")
        else:
            os.unlink("again")


def rmdir_refuses(t):
    for kind in KINDS:
        os.mkdir(f"with-{kind}")
        make(kind, f"with-{kind}/inside")
        t.refuses((errno.ENOTEMPTY, errno.EEXIST), f"rmdir of what holds a {kind}", os.rmdir,
                  f"with-{kind}")
        t.check(exists(f"with-{kind}/inside"), f"the {kind} inside is still there")
        if kind != "directory":
            make(kind, kind)
            t.refuses(errno.ENOTDIR, f"rmdir of a {kind}", os.rmdir, kind)
            t.check(exists(kind), f"the {kind} is still there")
    os.mkdir("d")
    os.symlink("d", "to-d")
    t.refuses(errno.ENOTDIR, "rmdir of a link to a directory", os.rmdir, "to-d")
    t.refuses(errno.ENOTDIR, "rmdir of a link with a slash", os.rmdir, "to-d/")
    t.refuses(errno.EINVAL, "rmdir of .", os.rmdir, "d/.")
    os.mkdir("d/e")
    t.refuses((errno.ENOTEMPTY, errno.EEXIST), "rmdir of ..", os.rmdir, "d/e/..")
    t.refuses(errno.ENOENT, "rmdir of what is not there", os.rmdir, "missing")
    t.refuses(errno.EFAULT, "rmdir of a bad address", call, "rmdir", NOWHERE)
    t.refuses(errno.EISDIR, "unlink of a directory", os.unlink, "d")


def rmdir_while_open(t):
    os.mkdir("held")
    descriptor = os.open("held", os.O_RDONLY | os.O_DIRECTORY)
    os.rmdir("held")
    t.same(os.fstat(descriptor).st_nlink, 0, "links of a removed directory")
    t.same(os.listdir(descriptor), [], "listing a removed directory")
    for what, function in (
        ("a file", lambda: os.open("new", os.O_CREAT | os.O_WRONLY, dir_fd=descriptor)),
        ("a directory", lambda: os.mkdir("new", dir_fd=descriptor)),
        ("a link", lambda: os.symlink("x", "new", dir_fd=descriptor)),
        ("a FIFO", lambda: os.mkfifo("new", dir_fd=descriptor)),
    ):
        t.refuses(errno.ENOENT, f"making {what} in a removed directory", function)
    write("file", b"")
    t.refuses(errno.ENOENT, "moving a file into a removed directory", os.rename, "file", "moved",
              dst_dir_fd=descriptor)
    # Another of the same name is another directory.
    os.mkdir("held")
    t.check(os.fstat(descriptor).st_ino != os.stat("held").st_ino or
            os.fstat(descriptor).st_nlink == 0, "a new directory of the name is another one")
    write("held/inside", b"in")
    t.same(os.listdir(descriptor), [], "the removed one stays empty")
    os.close(descriptor)


def deep(t):
    for level in range(40):
        os.mkdir(f"level{level}")
        os.chdir(f"level{level}")
    write("bottom", b"deep")
    t.same(len(os.getcwd().split("/")) > 40, True, "the way down")
    for level in reversed(range(40)):
        os.chdir("..")
        t.check(exists(f"level{level}"), f"the way up from level {level}")


CASES = [makes, owner, mkdir_of_what_exists, counts, removes, rmdir_refuses, rmdir_while_open, deep]
