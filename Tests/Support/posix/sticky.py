"""Directories with the sticky bit: only owners of the entry or of the directory take it away."""
import errno
import os

from ground import KINDS, MEMBER, OTHER, OWNER, exists, make
from kernel import RENAME_EXCHANGE, rename2

# Owner of the directory, owner of the entry, who acts, and whether they may.
TABLE = [
    (OWNER.uid, OWNER.uid, OWNER, True),
    (OWNER.uid, OTHER.uid, OWNER, True),
    (OTHER.uid, OWNER.uid, OWNER, True),
    (0, OWNER.uid, OWNER, True),
    (OTHER.uid, OTHER.uid, OWNER, False),
    (0, 0, OWNER, False),
    (0, OTHER.uid, OWNER, False),
    (0, OWNER.uid, MEMBER, False),
]
REFUSED = (errno.EPERM, errno.EACCES)


def prepare(where, owner, kind, entry_owner):
    os.mkdir(where)
    os.chown(where, owner, owner)
    os.chmod(where, 0o1777)
    make(kind, f"{where}/entry", 0o666)
    os.chown(f"{where}/entry", entry_owner, entry_owner, follow_symlinks=False)
    if kind == "directory":
        os.chmod(f"{where}/entry", 0o777)


def try_it(t, allowed, what, function, *arguments):
    if allowed:
        t.allows(what, function, *arguments)
    else:
        t.refuses(REFUSED, what, function, *arguments)


def text(directory, entry, user):
    return f"by {user.uid} in a directory of {directory}, of {entry}"


def removing(t):
    for kind in KINDS:
        for number, (directory, entry, user, allowed) in enumerate(TABLE):
            where = f"{kind}{number}"
            prepare(where, directory, kind, entry)
            what = f"removing a {kind} {text(directory, entry, user)}"
            function = os.rmdir if kind == "directory" else os.unlink
            try_it(t, allowed, what, user(function), f"{where}/entry")
            t.same(exists(f"{where}/entry"), not allowed, f"{what}: what is there")


def renaming_away(t):
    for kind in KINDS:
        for number, (directory, entry, user, allowed) in enumerate(TABLE):
            where = f"{kind}{number}"
            prepare(where, directory, kind, entry)
            what = f"renaming a {kind} {text(directory, entry, user)}"
            try_it(t, allowed, what, user(os.rename), f"{where}/entry", f"{where}/renamed")
            t.same(sorted(os.listdir(where)), ["renamed" if allowed else "entry"],
                   f"{what}: what is there")


def replacing(t):
    for kind in KINDS:
        for number, (directory, entry, user, allowed) in enumerate(TABLE):
            where = f"{kind}{number}"
            prepare(where, directory, kind, entry)
            os.mkdir(where + "-own")
            os.chown(where + "-own", user.uid, user.gid)
            make(kind, f"{where}-own/mine")
            os.chown(f"{where}-own/mine", user.uid, user.gid, follow_symlinks=False)
            what = f"replacing a {kind} {text(directory, entry, user)}"
            try_it(t, allowed, what, user(os.rename), f"{where}-own/mine", f"{where}/entry")
            t.same(exists(f"{where}-own/mine"), not allowed, f"{what}: what is there")
            if not allowed:
                t.refuses(REFUSED, f"exchange, {what}", user(rename2), f"{where}-own/mine",
                          f"{where}/entry", RENAME_EXCHANGE)
                user(os.mkdir)(f"{where}/own")
                t.check(exists(f"{where}/own"), f"making something beside it, {what}")


def without_the_bit(t):
    for number, (directory, entry, user, _) in enumerate(TABLE):
        where = f"plain{number}"
        prepare(where, directory, "file", entry)
        os.chmod(where, 0o777)
        t.allows(f"without the bit {text(directory, entry, user)}", user(os.unlink),
                 f"{where}/entry")


CASES = [removing, renaming_away, replacing, without_the_bit]
