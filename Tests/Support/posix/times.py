"""utimensat(2): nanoseconds, UTIME_NOW, UTIME_OMIT, and who may set what."""
import errno
import os
import time

from ground import KINDS, MEMBER, OTHER, OWNER, WITH_MODE, make, read, write
from kernel import AT_SYMLINK_NOFOLLOW, NOWHERE, UTIME_NOW, UTIME_OMIT, call, utimensat
from kernel import utimensat_raw

SECOND = 10**9
INSTANTS = [0, 1, SECOND - 1, SECOND, 1_234_567_890 * SECOND + 123_456_789,
            1_700_000_000 * SECOND + 999_999_999, 2**31 * SECOND - 1, 2**31 * SECOND + 1,
            2**32 * SECOND + 7, 2**33 * SECOND + 5, -SECOND, -1_000_000_000 * SECOND + 3]


def times(name):
    info = os.lstat(name)
    return info.st_atime_ns, info.st_mtime_ns


def instants(t):
    for kind in KINDS:
        make(kind, kind)
        for number, instant in enumerate(INSTANTS):
            other = INSTANTS[number - 1]
            t.allows(f"utimensat of a {kind}", utimensat, kind, instant, other,
                     AT_SYMLINK_NOFOLLOW)
            t.same(times(kind), (instant, other), f"times of a {kind}")
    t.settle()
    for kind in KINDS:
        t.same(times(kind), (INSTANTS[-1], INSTANTS[-2]), f"times of a {kind} after writing back")
    t.same(read("file"), b"file", "content of a file that had its times set")


def now_and_omit(t):
    for kind in KINDS:
        make(kind, kind)
        flag = AT_SYMLINK_NOFOLLOW
        old = (10 * SECOND + 1, 20 * SECOND + 2)
        for what, given, sets in (
            ("atime alone", (5 * SECOND, UTIME_OMIT), (5 * SECOND, old[1])),
            ("mtime alone", (UTIME_OMIT, 6 * SECOND), (old[0], 6 * SECOND)),
            ("neither", (UTIME_OMIT, UTIME_OMIT), old),
        ):
            utimensat(kind, *old, flag)
            utimensat(kind, *given, flag)
            t.same(times(kind), sets, f"{what} of a {kind}")
        for what, given, fresh in (
            ("atime to now", (UTIME_NOW, UTIME_OMIT), (True, False)),
            ("mtime to now", (UTIME_OMIT, UTIME_NOW), (False, True)),
            ("both to now", (UTIME_NOW, UTIME_NOW), (True, True)),
        ):
            utimensat(kind, *old, flag)
            start = time.time_ns()
            utimensat(kind, *given, flag)
            end = time.time_ns()
            for value, is_now, before in zip(times(kind), fresh, old):
                # The kernel's clock for this ticks in steps of up to 10 ms.
                good = start - SECOND // 50 <= value <= end + SECOND // 50 if is_now else (
                    value == before)
                t.check(good, f"{what} of a {kind}", value)
        if kind != "symlink":
            os.symlink(kind, "to-" + kind)
            utimensat("to-" + kind, 7 * SECOND, 8 * SECOND)
            t.same(times(kind), (7 * SECOND, 8 * SECOND), f"a {kind} by a link")
            utimensat("to-" + kind, 1 * SECOND, 2 * SECOND, flag)
            t.same(times("to-" + kind), (1 * SECOND, 2 * SECOND), "times of a link")
            t.same(times(kind), (7 * SECOND, 8 * SECOND), f"a {kind} whose link had its set")
    with open("file", "r+b") as file:
        os.utime(file.fileno(), ns=(123, 456))
        t.same(times("file"), (123, 456), "futimens")
        file.write(b"FILE")
        file.flush()
        os.utime(file.fileno(), ns=(789, 1011))
    t.same(times("file"), (789, 1011), "futimens between write and close stays")
    t.settle()
    t.same(times("file"), (789, 1011), "and after writing back")


def order_does_not_matter(t):
    for number, (accessed, modified) in enumerate(((1, 2), (2, 1), (5, 5))):
        write(f"f{number}")
        os.utime(f"f{number}", ns=(accessed, modified))
        t.same(times(f"f{number}"), (accessed, modified), "atime before, behind and at mtime")


def who_may(t):
    """Chosen times are the owner's; the present time is anybody's who may write."""
    for kind in WITH_MODE:
        make(kind, kind)
        os.chown(kind, OWNER.uid, OWNER.gid)
        os.chmod(kind, 0o644)
        t.allows(f"times of a {kind} by its owner", OWNER(utimensat), kind, 1, 2)
        t.same(times(kind), (1, 2), f"times of a {kind} its owner has set")
        t.allows("now by its owner", OWNER(utimensat), kind, UTIME_NOW, UTIME_NOW)
        os.chmod(kind, 0)
        t.allows(f"times of a {kind} of mode 0 by its owner", OWNER(utimensat), kind, 3, 4)
        t.allows("now, of mode 0, by its owner", OWNER(utimensat), kind, UTIME_NOW, UTIME_NOW)
        for mode, who, user, may in ((0o666, "another", OTHER, True),
                                     (0o644, "another", OTHER, False),
                                     (0o664, "a member", MEMBER, True),
                                     (0o644, "a member", MEMBER, False)):
            os.chmod(kind, mode)
            os.utime(kind, ns=(1, 2))
            text = f"by {who} of a {kind} of {mode:o}"
            t.refuses(errno.EPERM, f"chosen times {text}", user(utimensat), kind, 5, 6)
            t.refuses(errno.EPERM, f"a chosen mtime {text}", user(utimensat), kind, UTIME_OMIT, 6)
            t.refuses(errno.EPERM, f"now and omit {text}", user(utimensat), kind, UTIME_NOW,
                      UTIME_OMIT)
            t.allows(f"nothing at all {text}", user(utimensat), kind, UTIME_OMIT, UTIME_OMIT)
            t.same(times(kind), (1, 2), f"times unchanged {text}")
            if may:
                t.allows(f"now {text}", user(os.utime), kind)
                t.check(times(kind)[1] > SECOND, f"mtime after now {text}")
            else:
                t.refuses(errno.EACCES, f"now {text}", user(os.utime), kind)
                t.same(times(kind), (1, 2), f"times unchanged after now {text}")


def refuses(t):
    make("file", "file")
    for name, code in (("missing", errno.ENOENT), ("", errno.ENOENT), ("file/x", errno.ENOTDIR),
                       ("file/", errno.ENOTDIR)):
        t.refuses(code, f"utimensat of {name!r}", utimensat, name, 1, 2)
    os.symlink("nowhere", "dangling")
    t.refuses(errno.ENOENT, "utimensat of a link to nothing", utimensat, "dangling", 1, 2)
    t.allows("of the link itself", utimensat, "dangling", 1, 2, AT_SYMLINK_NOFOLLOW)
    for nanoseconds in (SECOND, -1, 2**31):
        for times_given in (((0, nanoseconds), (0, 0)), ((0, 0), (0, nanoseconds))):
            t.refuses(errno.EINVAL, f"{nanoseconds} nanoseconds", utimensat_raw, "file",
                      *times_given)
    t.refuses(errno.EFAULT, "a bad address", call, "utimensat", -100, NOWHERE, None, 0)
    t.refuses(errno.EFAULT, "times at a bad address", call, "utimensat", -100, b"file", NOWHERE, 0)


CASES = [instants, now_and_omit, order_does_not_matter, who_may, refuses]
