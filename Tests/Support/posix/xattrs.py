"""Extended attributes: flags, limits, namespaces, and who may."""
import ctypes
import errno
import os

from ground import KINDS, OTHER, OWNER, exists, make, read, write
from kernel import NOWHERE, call

VALUES = [b"", b"x", b"text", b"\0", b"\0\xff\n \x80", bytes(range(256)), b"v" * 1000]
SPECIAL = ["symlink", "fifo", "socket", "block", "character"]


def set_get(t):
    for kind in ("file", "directory"):
        make(kind, kind)
        for number, value in enumerate(VALUES):
            name = f"user.a{number}"
            t.allows(f"setting {len(value)} bytes on a {kind}", os.setxattr, kind, name, value)
            t.same(os.getxattr(kind, name), value, f"{len(value)} bytes of a {kind}")
        t.same(sorted(os.listxattr(kind)), [f"user.a{n}" for n in range(len(VALUES))],
               f"attributes of a {kind}")
        for number in range(len(VALUES)):
            os.setxattr(kind, f"user.a{number}", b"replaced %d" % number)
            t.same(os.getxattr(kind, f"user.a{number}"), b"replaced %d" % number,
                   f"a replaced attribute of a {kind}")
        for number in range(len(VALUES)):
            os.removexattr(kind, f"user.a{number}")
            t.refuses(errno.ENODATA, f"a removed attribute of a {kind}", os.getxattr, kind,
                      f"user.a{number}")
        t.same(os.listxattr(kind), [], f"attributes of a {kind} when all are removed")
    t.same(read("file"), b"file", "the content of a file of many attributes")
    descriptor = os.open("file", os.O_RDONLY)
    os.setxattr(descriptor, "user.by-descriptor", b"1")
    t.same(os.getxattr("file", "user.by-descriptor"), b"1", "set by descriptor")
    t.same(os.listxattr(descriptor), ["user.by-descriptor"], "listed by descriptor")
    os.unlink("file")
    os.setxattr(descriptor, "user.late", b"2")
    t.same(os.getxattr(descriptor, "user.late"), b"2", "set on a file that was removed")
    os.close(descriptor)


def names(t):
    write("file")
    for name in ("user.x", "user.Ä", "user.日本", "user.with space", "user.a.b.c", "user.a=b",
                 "user.UPPER", "user.upper", "user." + "n" * 250, "user.-", "user.new\nline"):
        os.setxattr("file", name, name.encode())
    for name in os.listxattr("file"):
        t.same(os.getxattr("file", name), name.encode(), f"the attribute {name!r}")
    t.same(len(os.listxattr("file")), 11, "attributes of different names")
    t.refuses(errno.ERANGE, "a name of 256 bytes", os.setxattr, "file", "user." + "n" * 251, b"")
    t.refuses(errno.ERANGE, "an empty name", os.setxattr, "file", "", b"")
    t.refuses(errno.EINVAL, "a namespace without a name", os.setxattr, "file", "user.", b"")
    for name in ("nowhere.x", "plain", "users.x", "system.unheard"):
        t.refuses(errno.EOPNOTSUPP, f"setting {name}", os.setxattr, "file", name, b"")
        t.refuses(errno.EOPNOTSUPP, f"getting {name}", os.getxattr, "file", name)
        t.refuses(errno.EOPNOTSUPP, f"removing {name}", os.removexattr, "file", name)


def flags(t):
    for kind in ("file", "directory"):
        make(kind, kind)
        t.refuses(errno.ENODATA, f"replacing what a {kind} has not", os.setxattr, kind, "user.a",
                  b"1", os.XATTR_REPLACE)
        t.same(os.listxattr(kind), [], f"a {kind} after a refused replacement")
        t.allows("creating", os.setxattr, kind, "user.a", b"1", os.XATTR_CREATE)
        t.refuses(errno.EEXIST, f"creating what a {kind} has", os.setxattr, kind, "user.a", b"2",
                  os.XATTR_CREATE)
        t.same(os.getxattr(kind, "user.a"), b"1", f"of a {kind}, after a refused creation")
        t.allows("replacing", os.setxattr, kind, "user.a", b"3", os.XATTR_REPLACE)
        t.same(os.getxattr(kind, "user.a"), b"3", f"of a {kind}, replaced")
        t.refuses(errno.EINVAL, "unknown flags", os.setxattr, kind, "user.a", b"4", 8)
        t.refuses(errno.ENODATA, f"removing what a {kind} has not", os.removexattr, kind, "user.b")


def sizes(t):
    write("file")
    os.setxattr("file", "user.a", b"0123456789")
    os.setxattr("file", "user.b", b"")
    t.same(call("getxattr", b"file", b"user.a", None, 0), 10, "size that is asked for")
    buffer = ctypes.create_string_buffer(20)
    for size in (1, 9):
        t.refuses(errno.ERANGE, f"a buffer of {size} bytes", call, "getxattr", b"file", b"user.a",
                  buffer, size)
    for size in (10, 20):
        t.same(call("getxattr", b"file", b"user.a", buffer, size), 10, f"a buffer of {size} bytes")
    t.same(call("getxattr", b"file", b"user.b", buffer, 20), 0, "an empty value")
    t.same(call("listxattr", b"file", None, 0), 14, "size of the list")
    t.refuses(errno.ERANGE, "a list longer than its buffer", call, "listxattr", b"file", buffer,
              13)
    t.same(call("listxattr", b"file", buffer, 14), 14, "a list that fits")
    t.refuses(errno.E2BIG, "a value of 64 KiB and a byte", os.setxattr, "file", "user.c",
              b"x" * 65537)
    t.check("user.c" not in os.listxattr("file"), "nothing of it is there")
    t.refuses(errno.EFAULT, "a value at a bad address", call, "setxattr", b"file", b"user.d",
              NOWHERE, 5, 0)
    t.refuses(errno.EFAULT, "a name at a bad address", call, "getxattr", b"file", NOWHERE, None, 0)


def namespaces(t):
    for kind in KINDS:
        make(kind, kind, 0o666)
        follow = {"follow_symlinks": False}
        if kind in SPECIAL:
            t.refuses(errno.EPERM, f"user. on a {kind}", os.setxattr, kind, "user.a", b"1",
                      **follow)
            t.refuses(errno.ENODATA, f"user. of a {kind}", os.getxattr, kind, "user.a", **follow)
        for name in ("trusted.mediafs-test", "security.mediafs-test"):
            t.allows(f"{name} on a {kind}", os.setxattr, kind, name, b"of root", **follow)
            t.same(os.getxattr(kind, name, **follow), b"of root", f"{name} of a {kind}")
            t.check(name in os.listxattr(kind, **follow), f"{name} of a {kind} in the list")
        if kind != "symlink":
            refused = (errno.EPERM, errno.ENODATA)
            t.refuses(refused, f"trusted. of a {kind} by another", OTHER(os.getxattr), kind,
                      "trusted.mediafs-test")
            t.refuses(errno.EPERM, f"trusted. on a {kind} by another", OTHER(os.setxattr), kind,
                      "trusted.mediafs-test", b"2")
            t.refuses(errno.EPERM, f"security. on a {kind} by another", OTHER(os.setxattr), kind,
                      "security.mediafs-test", b"2")
        for name in ("trusted.mediafs-test", "security.mediafs-test"):
            t.allows(f"removing {name} of a {kind}", os.removexattr, kind, name, **follow)
            t.refuses(errno.ENODATA, f"{name} of a {kind} after that", os.getxattr, kind, name,
                      **follow)


def who_may(t):
    for kind in ("file", "directory"):
        make(kind, kind, 0o644)
        os.chown(kind, OWNER.uid, OWNER.gid)
        os.chmod(kind, 0o755)
        t.allows(f"setting on a {kind} by its owner", OWNER(os.setxattr), kind, "user.a", b"1")
        t.same(OTHER(os.getxattr)(kind, "user.a"), b"1", f"of a {kind} that all may read")
        t.refuses(errno.EACCES, "setting by who may not write", OTHER(os.setxattr), kind, "user.a",
                  b"2")
        t.refuses(errno.EACCES, "removing by who may not write", OTHER(os.removexattr), kind,
                  "user.a")
        os.chmod(kind, 0o722)
        t.refuses(errno.EACCES, "getting by who may not read", OTHER(os.getxattr), kind, "user.a")
        t.allows("setting by who may write", OTHER(os.setxattr), kind, "user.a", b"3")
        t.same(os.getxattr(kind, "user.a"), b"3", f"of a {kind} that all may write")
        os.chmod(kind, 0)
        t.refuses(errno.EACCES, "by an owner who may not", OWNER(os.setxattr), kind, "user.a", b"4")
    os.chmod("directory", 0o1777)
    t.refuses(errno.EPERM, "on a sticky directory of another's", OTHER(os.setxattr), "directory",
              "user.a", b"5")


def lives(t):
    """Attributes stay through changes of all else, and go with the thing."""
    for state in ("file", "settled", "directory"):
        make("directory" if state == "directory" else "file", state)
        os.setxattr(state, "user.kept", state.encode())
    t.settle()
    for state in ("file", "settled", "directory"):
        t.same(os.getxattr(state, "user.kept"), state.encode(), f"of a {state}, written back")
    write("settled", b"new content")
    os.chmod("settled", 0o600)
    os.chown("settled", 5, 6)
    os.utime("settled", ns=(1, 2))
    os.truncate("settled", 3)
    t.same(os.getxattr("settled", "user.kept"), b"settled", "after every other change")
    t.same((os.stat("settled").st_mode & 0o777, os.stat("settled").st_uid), (0o600, 5),
           "and these after a look at the attribute")
    os.rename("settled", "moved")
    os.rename("directory", "moved-directory")
    t.same(os.getxattr("moved", "user.kept"), b"settled", "after a rename")
    t.same(os.getxattr("moved-directory", "user.kept"), b"directory", "of a renamed directory")
    os.link("moved", "second")
    os.setxattr("second", "user.kept", b"by the second name")
    t.same(os.getxattr("moved", "user.kept"), b"by the second name", "by another name")
    t.settle()
    t.same(os.getxattr("moved", "user.kept"), b"by the second name", "and written back")
    os.setxattr("moved", "user.only", b"nothing else has changed")
    t.settle()
    t.same(os.getxattr("second", "user.only"), b"nothing else has changed", "changed alone")
    t.same(read("second"), b"new", "content beneath an attribute that changed alone")
    write("replacement")
    os.rename("replacement", "moved")
    t.same(os.listxattr("moved"), [], "of a replacement")
    os.unlink("second")
    write("second")
    t.same(os.listxattr("second"), [], "of a new file of the name")
    os.rmdir("moved-directory")
    os.mkdir("moved-directory")
    t.same(os.listxattr("moved-directory"), [], "of a new directory of the name")
    t.check(exists("moved"), "the name is there")


def many(t):
    write("file")
    for number in range(60):
        os.setxattr("file", f"user.number{number}", b"value %d" % number)
    t.same(len(os.listxattr("file")), 60, "sixty attributes")
    for number in range(0, 60, 2):
        os.removexattr("file", f"user.number{number}")
    t.same(sorted(os.listxattr("file")), sorted(f"user.number{n}" for n in range(1, 60, 2)),
           "the odd ones")
    t.settle()
    for number in range(1, 60, 2):
        t.same(os.getxattr("file", f"user.number{number}"), b"value %d" % number, "an odd one")


CASES = [set_get, names, flags, sizes, namespaces, who_may, lives, many]
