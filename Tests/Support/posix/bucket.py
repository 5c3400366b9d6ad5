"""What holds for a filesystem that is a bucket, and for no other: keys, and what metadata holds."""
import errno
import os
import stat

from ground import exists, make, read, write
from kernel import (
    FALLOC_COLLAPSE, FALLOC_INSERT, RENAME_EXCHANGE, RENAME_NOREPLACE, fallocate, rename2)

KEY_LIMIT = 1_024
# The largest object that S3 has, in bytes.
OBJECT_LIMIT = 5 << 40
PAGE = 4_096

MAKING = {
    "open": lambda n: os.close(os.open(n, os.O_CREAT | os.O_WRONLY, 0o644)),
    "mkfifo": os.mkfifo, "symlink": lambda n: os.symlink("target", n),
    "mknod": lambda n: os.mknod(n, stat.S_IFREG | 0o644), "link": lambda n: os.link("source", n),
    "mknod of a device": lambda n: os.mknod(n, stat.S_IFCHR | 0o644, os.makedev(1, 3)),
    "rename": lambda n: os.rename("source", n), "mkdir": os.mkdir,
    "rename without replacing": lambda n: rename2("source", n, RENAME_NOREPLACE),
}


def key_prefix():
    """The key of the working directory with a slash, from the mount's source."""
    here = os.getcwd()
    with open("/proc/self/mountinfo", encoding="utf-8") as table:
        mounts = {line.split()[4]: line.split(" - ")[1].split()[1] for line in table}
    mountpoint = here
    while mountpoint not in mounts:
        mountpoint = os.path.dirname(mountpoint)
    namespace = mounts[mountpoint].split("://")[1].partition("/")[2]
    return f"{namespace.rstrip('/')}/{os.path.relpath(here, mountpoint)}/"


def ensure_source():
    if not exists("source"):
        write("source", b"source")


def key_limit(t):
    """A key too long for the store is refused by the call that would make it."""
    room = KEY_LIMIT - len(key_prefix().encode())
    way = ""
    while room - len(way) > 250:
        way += "d" * 99 + "/"
        os.mkdir(way)
    for what, function in MAKING.items():
        ensure_source()
        # A directory's marker ends with a slash.
        longest = way + "n" * (room - len(way) - (what == "mkdir"))
        t.refuses(errno.ENAMETOOLONG, f"{what} of a key of 1,025 bytes", function, longest + "n")
        t.check(not exists(longest + "n"), f"nothing comes of it, {what}")
        t.check(exists("source"), f"what {what} would have taken is there")
        t.allows(f"{what} of a key of 1,024 bytes", function, longest)
        t.check(exists(longest), f"what {what} made")
        os.rmdir(longest) if what == "mkdir" else os.unlink(longest)
    ensure_source()
    # In bytes of UTF-8, not in letters.
    letters = (room - len(way)) // 2
    t.allows("a key of two-byte letters", write, way + "ü" * letters)
    t.refuses(errno.ENAMETOOLONG, "one letter more", write, way + "ü" * letters + "ü")
    # What lies beneath a renamed directory has longer keys, too.
    os.makedirs("short/below")
    write("short/below/" + "x" * 50)
    long_enough = way + "s" * (room - len(way) - len("/below/") - 50)
    t.refuses(errno.ENAMETOOLONG, "a directory whose files' keys would be too long", os.rename,
              "short", long_enough + "s")
    t.check(exists("short/below/" + "x" * 50), "it is where it was")
    t.allows("a directory whose files' keys just fit", os.rename, "short", long_enough)
    t.check(exists(long_enough + "/below/" + "x" * 50), "what lies beneath it")
    os.mkdir("other")
    write("other/" + "y" * 250)
    t.refuses(errno.ENAMETOOLONG, "an exchange that makes a key too long", rename2, "other",
              long_enough, RENAME_EXCHANGE)
    t.settle()


def not_text(t):
    """A key is UTF-8."""
    for bad in (b"\xff", b"a\x80b", b"\xc3(", b"\xc0\xaf", b"\xed\xa0\x80", b"\xf5\x80\x80\x80",
                b"half \xe6\x97", b"\xf8\x88\x80\x80\x80"):
        for what, function in MAKING.items():
            ensure_source()
            t.refuses(errno.EILSEQ, f"{what} of {bad!r}", function, bad)
        t.refuses(errno.EILSEQ, f"a target {bad!r}", os.symlink, bad, b"symlink")
        t.refuses(errno.ENOENT, f"stat of {bad!r}", os.stat, bad)
        t.refuses(errno.ENOENT, f"unlink of {bad!r}", os.unlink, bad)
    t.same(os.listdir("."), ["source"], "what is there")
    for good in ("\u0080", "\u07ff", "\u0800", "\uffff", "\U00010000", "\U0010ffff", "\ue000"):
        t.allows(f"a name of {good!r}", write, "name" + good)
        t.check("name" + good in os.listdir("."), f"{good!r} in the listing")
    t.settle()


def object_limit(t):
    write("file", b"content")
    descriptor = os.open("file", os.O_RDWR)
    for what, function in (
        ("ftruncate", lambda size: os.ftruncate(descriptor, size)),
        ("truncate", lambda size: os.truncate("file", size)),
        ("fallocate", lambda size: fallocate(descriptor, 0, size - 1, 1)),
        ("pwrite", lambda size: os.pwrite(descriptor, b"x", size - 1)),
    ):
        for size in (OBJECT_LIMIT + 1, OBJECT_LIMIT + PAGE, 1 << 60):
            t.refuses(errno.EFBIG, f"{what} to {size}", function, size)
            t.same(os.stat("file").st_size, 7, f"size after a refused {what}")
    t.allows("the largest size that an object can have", os.ftruncate, descriptor, OBJECT_LIMIT)
    t.same(os.stat("file").st_size, OBJECT_LIMIT, "the largest size")
    os.ftruncate(descriptor, 7)
    t.same(read("file"), b"content", "content after that")
    for mode in (FALLOC_COLLAPSE, FALLOC_INSERT):
        t.refuses(errno.EOPNOTSUPP, f"fallocate of mode {mode}", fallocate, descriptor, mode, 0,
                  PAGE)
    os.close(descriptor)


def large_attributes(t):
    """S3 has room for 2 KB beside an object; the mount has it for all that Linux allows."""
    for kind in ("file", "directory"):
        for size in (1_900, 2_048, 4_096, 16_384, 65_535, 65_536):
            name = f"{kind}{size}"
            make(kind, name)
            value = (b"%d " % size * size)[:size]
            t.allows(f"{size} bytes on a {kind}", os.setxattr, name, "user.large", value)
            t.check(os.getxattr(name, "user.large") == value, f"{size} bytes of a {kind}")
            t.refuses(errno.E2BIG, "a byte more than all", os.setxattr, name, "user.large",
                      b"x" * 65_537)
            t.check(os.getxattr(name, "user.large") == value, "what is there stays")
    write("several")
    for number in range(8):
        os.setxattr("several", f"user.part{number}", bytes([number]) * 6_000)
    t.settle()
    for size in (2_048, 65_536):
        t.same(len(os.getxattr(f"file{size}", "user.large")), size, f"{size} bytes, written back")
    for number in range(8):
        t.check(os.getxattr("several", f"user.part{number}") == bytes([number]) * 6_000,
                f"part {number}, written back")
    os.removexattr("file65536", "user.large")
    t.same(os.listxattr("file65536"), [], "when the large one is removed")


def view(t):
    """`user.mediafs.*` says how a file stands, and is not copied with it."""
    write("file", b"content")
    os.mkdir("directory")
    for settled in (False, True):
        state = os.getxattr("file", "user.mediafs.state")
        t.check(bool(state), "the state of a file")
        if settled:
            t.check(state != before, "the state of a file that was written back", state)
        t.same(os.getxattr("file", "user.mediafs.key"), (key_prefix() + "file").encode(),
               "the key of a file")
        for name in ("file", "directory"):
            t.same(os.listxattr(name), [], f"attributes of a {name}")
        before = state
        t.settle()
    t.check(os.getxattr("file", "user.mediafs.etag").strip(b'"').isalnum(), "the ETag of a file")
    t.refuses((errno.EPERM, errno.EACCES, errno.EOPNOTSUPP), "setting the state", os.setxattr,
              "file", "user.mediafs.state", b"x")
    t.refuses((errno.EPERM, errno.EACCES, errno.EOPNOTSUPP), "removing the state", os.removexattr,
              "file", "user.mediafs.state")
    t.refuses(errno.ENODATA, "a view that there is not", os.getxattr, "file",
              "user.mediafs.unheard")
    os.setxattr("file", "user.own", b"1")
    t.same(os.listxattr("file"), ["user.own"], "attributes of a file with one of its own")


CASES = [key_limit, not_text, object_limit, large_attributes, view]
