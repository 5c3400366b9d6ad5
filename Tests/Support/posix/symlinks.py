"""symlink(2) and readlink(2)."""
import errno
import os
import stat

from ground import KINDS, OTHER, OWNER, exists, identity, make, read, write
from kernel import NOWHERE, call


def targets(t):
    for length in (1, 2, 59, 60, 61, 255, 256, 1023, 1024, 1025, 2047, 2048, 2049, 4094, 4095):
        target = ("t" * 200 + "/") * 21
        target = target[:length - 1] + "x"
        name = f"length{length}"
        t.allows(f"a target of {length} bytes", os.symlink, target, name)
        t.same(os.readlink(name), target, f"a target of {length} bytes")
        t.same(os.lstat(name).st_size, length, f"size of a link of {length} bytes")
    t.refuses(errno.ENAMETOOLONG, "a target of 4,096 bytes", os.symlink, "x" * 4096, "long")
    t.refuses(errno.ENOENT, "an empty target", os.symlink, "", "empty")
    for number, target in enumerate((
        "/", ".", "..", "/nowhere", "a b", "tab\there", "new\nline", "grüße", "日本語", "-dash",
        "back\\slash", "//double//", "trailing/", "%41", "\x01\x1f\x7f", "'\"`$*?",
    )):
        os.symlink(target, f"target{number}")
        t.same(os.readlink(f"target{number}"), target, f"target {target!r}")
    t.settle()
    t.same(os.readlink("length4095")[-1], "x", "a long target after it was written back")


def attributes(t):
    os.mkdir("open")
    os.chmod("open", 0o777)
    OWNER(os.symlink)("target", "open/link")
    info = os.lstat("open/link")
    t.check(stat.S_ISLNK(info.st_mode), "symlink makes a link")
    t.same(stat.S_IMODE(info.st_mode), 0o777, "mode of a link")
    t.same((info.st_uid, info.st_gid), (OWNER.uid, OWNER.gid), "owner of a link")
    t.same(info.st_nlink, 1, "links of a link")
    os.umask(0o777)
    os.symlink("target", "masked")
    os.umask(0)
    t.same(stat.S_IMODE(os.lstat("masked").st_mode), 0o777, "mode of a link, whatever the umask")
    os.lchown("masked", 61001, 61002)
    info = os.lstat("masked")
    t.same((info.st_uid, info.st_gid), (61001, 61002), "owner of a link after lchown")
    t.same(OTHER(os.readlink)("open/link"), "target", "anybody reads a link")


def follows(t):
    for kind in KINDS:
        make(kind, kind)
        os.symlink(kind, "to-" + kind)
        os.symlink("to-" + kind, "to-to-" + kind)
        wanted = os.stat(kind) if kind != "symlink" else None
        for name in ("to-" + kind, "to-to-" + kind):
            if wanted is None:
                t.refuses(errno.ENOENT, f"stat of {name}", os.stat, name)
            else:
                t.same(os.stat(name).st_ino, wanted.st_ino, f"stat of {name}")
            t.check(os.path.islink(name), f"lstat of {name}")
    os.symlink("..", "directory/up")
    t.same(os.stat("directory/up/directory/up/file").st_ino, os.stat("file").st_ino,
           "a way with links in it")
    os.symlink(os.getcwd() + "/file", "absolute")
    t.same(read("absolute"), b"file", "an absolute link")
    os.symlink("later", "early")
    t.check(not os.path.exists("early"), "a link to what is not there yet")
    write("later", b"now")
    t.same(read("early"), b"now", "a link to what has come")
    os.rename("later", "gone")
    t.check(not os.path.exists("early"), "a link to what has gone")
    os.symlink("gone", "new")
    os.rename("new", "early")
    t.same(read("early"), b"now", "a link that was replaced")


def loops(t):
    os.symlink("self", "self")
    os.symlink("b", "a")
    os.symlink("a", "b")
    calls = {
        "stat": os.stat, "open": lambda n: os.close(os.open(n, os.O_RDONLY)),
        "chmod": lambda n: os.chmod(n, 0o644), "chown": lambda n: os.chown(n, 0, 0),
        "truncate": lambda n: os.truncate(n, 0), "utime": os.utime, "listdir": os.listdir,
        "chdir": os.chdir, "statvfs": os.statvfs, "getxattr": lambda n: os.getxattr(n, "user.x"),
        "access": lambda n: os.stat(n + "/x"),
    }
    for what, function in calls.items():
        for name in ("self", "a", "b"):
            t.refuses(errno.ELOOP, f"{what} of a loop", function, name)
    # Linux follows 40 links and no more.
    write("link0")
    for number in range(1, 43):
        os.symlink(f"link{number - 1}", f"link{number}")
    t.allows("a chain of 40 links", os.stat, "link40")
    t.refuses(errno.ELOOP, "a chain of 41 links", os.stat, "link41")
    t.allows("lstat of the last of 42 links", os.lstat, "link42")


def refuses(t):
    for kind in KINDS:
        make(kind, kind)
        before = identity(kind)
        t.refuses(errno.EEXIST, f"symlink over a {kind}", os.symlink, "new", kind)
        t.same(identity(kind), before, f"the {kind} that is there")
        if kind != "symlink":
            t.refuses(errno.EINVAL, f"readlink of a {kind}", os.readlink, kind)
    for name, code in ((".", errno.EEXIST), ("..", errno.EEXIST), ("", errno.ENOENT),
                       ("missing/x", errno.ENOENT), ("file/x", errno.ENOTDIR),
                       ("new/", errno.ENOENT)):
        t.refuses(code, f"symlink as {name!r}", os.symlink, "target", name)
    t.refuses(errno.ENOENT, "readlink of nothing", os.readlink, "missing")
    t.refuses(errno.ENOTDIR, "readlink beneath a file", os.readlink, "file/x")
    t.refuses(errno.EFAULT, "symlink to a bad address", call, "symlink", NOWHERE, b"new")
    t.refuses(errno.EFAULT, "symlink as a bad address", call, "symlink", b"target", NOWHERE)
    t.refuses(errno.EFAULT, "readlink into a bad address", call, "readlink", b"symlink", NOWHERE, 9)
    t.refuses(errno.EINVAL, "readlink into no bytes", call, "readlink", b"symlink", NOWHERE, 0)
    t.check(not exists("new"), "nothing was made")
    os.mkdir("closed", 0o755)
    t.refuses(errno.EACCES, "symlink in a directory one may not write", OTHER(os.symlink), "target",
              "closed/new")


CASES = [targets, attributes, follows, loops, refuses]
