"""chown(2): who may, which numbers stay, and when set-user-ID and set-group-ID bits go."""
import errno
import os

from ground import (
    KINDS, MEMBER, OTHER, OWNER, WITH_MODE, User, exists, make, mode_of, read, write)
from kernel import NOWHERE, call

IDS = [0, 1, 1000, 65533, 65536, 2**31, 2**32 - 2]


def owner_of(name):
    info = os.lstat(name)
    return info.st_uid, info.st_gid


def every_kind(t):
    for kind in KINDS:
        make(kind, kind)
        for uid in IDS:
            for gid in IDS:
                os.chown(kind, uid, gid, follow_symlinks=False)
                t.same(owner_of(kind), (uid, gid), f"owner of a {kind}")
        os.chown(kind, 5, -1, follow_symlinks=False)
        t.same(owner_of(kind), (5, IDS[-1]), f"a {kind} given to a user alone")
        os.chown(kind, -1, 6, follow_symlinks=False)
        t.same(owner_of(kind), (5, 6), f"a {kind} given to a group alone")
        os.chown(kind, -1, -1, follow_symlinks=False)
        t.same(owner_of(kind), (5, 6), f"a {kind} given to nobody")
        if kind != "symlink":
            os.symlink(kind, "to-" + kind)
            os.chown("to-" + kind, 7, 8)
            t.same(owner_of(kind), (7, 8), f"a {kind} given away by a link")
            t.same(owner_of("to-" + kind), (0, 0), "owner of the link")
            os.lchown("to-" + kind, 9, 10)
            t.same(owner_of("to-" + kind), (9, 10), "owner of the link after lchown")
            t.same(owner_of(kind), (7, 8), f"a {kind} whose link was given away")
    descriptor = os.open("file", os.O_RDONLY)
    os.fchown(descriptor, 11, 12)
    t.same(owner_of("file"), (11, 12), "fchown")
    os.close(descriptor)
    t.settle()
    t.same(owner_of("file"), (11, 12), "after writing back")
    t.same(read("file"), b"file", "its content")


def who_may(t):
    """The owner may give to a group of its own, and nothing else is for anybody but root."""
    for kind in WITH_MODE:
        make(kind, kind, 0o666)
        os.chown(kind, MEMBER.uid, MEMBER.gid)
        chown = MEMBER(os.chown)
        for gid in [MEMBER.gid, *MEMBER.groups]:
            t.allows(f"a {kind} given to a group of its owner's", chown, kind, -1, gid)
            t.same(owner_of(kind), (MEMBER.uid, gid), f"group of a {kind}")
            t.allows("naming the owner as well", chown, kind, MEMBER.uid, gid)
        for uid, gid in ((OTHER.uid, -1), (0, -1), (-1, 0), (-1, OTHER.gid), (OTHER.uid, OTHER.gid),
                         (-1, 61099), (OTHER.uid, MEMBER.gid)):
            t.refuses(errno.EPERM, f"a {kind} given to {uid}:{gid} by its owner", chown, kind, uid,
                      gid)
        os.chown(kind, OWNER.uid, OWNER.gid)
        for user in (OTHER, MEMBER, User(61005, OWNER.gid)):
            for uid, gid in ((user.uid, -1), (-1, user.gid), (OWNER.uid, OWNER.gid)):
                t.refuses(errno.EPERM, f"somebody else's {kind} given to {uid}:{gid}",
                          user(os.chown), kind, uid, gid)
        t.same(owner_of(kind), (OWNER.uid, OWNER.gid), f"owner of a {kind} nobody could take")
    os.symlink("file", "link")
    os.lchown("link", OWNER.uid, OWNER.gid)
    t.allows("lchown of one's own link", OWNER(os.lchown), "link", OWNER.uid, OWNER.gid)
    t.refuses(errno.EPERM, "lchown of another's link", OTHER(os.lchown), "link", OTHER.uid, -1)


def bits(t):
    """An executable loses set-user-ID and set-group-ID when it is given away, even by root."""
    for by, user in (("root", None), ("its owner", MEMBER)):
        for mode in (0o4755, 0o6755, 0o6777, 0o2710, 0o4644, 0o1755, 0o644, 0o2644):
            name = f"{'root' if user is None else 'owner'}{mode:o}"
            write(name)
            os.chown(name, MEMBER.uid, MEMBER.gid)
            os.chmod(name, mode)
            chown = os.chown if user is None else user(os.chown)
            chown(name, -1, 61004)
            wanted = mode & ~0o4000
            if mode & 0o010:
                wanted &= ~0o2000
            t.same(oct(mode_of(name)), oct(wanted), f"{mode:o} after chown by {by}")
    # Set-group-ID without group execute is a mark for mandatory locks, and stays; a directory
    # keeps its bits.
    for mode in (0o2755, 0o4755, 0o7777):
        os.mkdir(f"d{mode:o}")
        os.chmod(f"d{mode:o}", mode)
        os.chown(f"d{mode:o}", MEMBER.uid, MEMBER.gid)
        t.same(oct(mode_of(f"d{mode:o}")), oct(mode), f"a directory of {mode:o} after chown")
    for kind in WITH_MODE:
        make(kind, kind, 0o640)
        os.chown(kind, 61001, 61002)
        t.same(mode_of(kind) & 0o777, 0o640 if kind != "directory" else 0o750,
               f"permissions of a {kind} after chown")


def refuses(t):
    make("file", "file")
    for name, code in (("missing", errno.ENOENT), ("", errno.ENOENT), ("file/x", errno.ENOTDIR),
                       ("file/", errno.ENOTDIR), ("missing/x", errno.ENOENT)):
        t.refuses(code, f"chown of {name!r}", os.chown, name, 1, 1)
        t.refuses(code, f"lchown of {name!r}", os.lchown, name, 1, 1)
    os.symlink("nowhere", "dangling")
    t.refuses(errno.ENOENT, "chown of a link to nothing", os.chown, "dangling", 1, 1)
    t.allows("lchown of a link to nothing", os.lchown, "dangling", 1, 1)
    t.check(not exists("nowhere"), "chown makes nothing")
    t.refuses(errno.EFAULT, "chown of a bad address", call, "chown", NOWHERE, 1, 1)
    os.mkdir("closed", 0o700)
    make("file", "closed/file")
    os.chown("closed/file", OWNER.uid, OWNER.gid)
    t.refuses(errno.EACCES, "chown where one may not search", OWNER(os.chown), "closed/file", -1,
              OWNER.gid)


CASES = [every_kind, who_may, bits, refuses]
