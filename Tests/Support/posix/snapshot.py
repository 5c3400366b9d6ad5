#!/usr/bin/env python3
"""snapshot.py: a tree of everything that a filesystem can hold, and whether it is still the same.

    snapshot.py make DIR          makes the tree, the same at each call
    snapshot.py save DIR > FILE   what DIR holds, as JSON
    snapshot.py check DIR FILE    prints what differs; exit code 1 if anything does

Compared are kinds, permissions, owners, sizes, bytes, targets, device numbers, extended attributes
and access lists, which names are one file, and mtime in nanoseconds. `--atime` and `--ctime` add
those: reading moves the one, and no program can set the other. With `--implied` directories have no
times, as those whose keys imply them.
"""
import hashlib
import json
import os
import stat
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
sys.dont_write_bytecode = True

from acls import ACCESS, DEFAULT, acl  # noqa: E402
from ground import KINDS, WITH_MODE, make, write  # noqa: E402
from kernel import AT_SYMLINK_NOFOLLOW, utimensat  # noqa: E402

SECOND = 10**9
MODES = [0o000, 0o400, 0o644, 0o755, 0o777, 0o1755, 0o2755, 0o4755, 0o7777]
OWNERS = [(0, 0), (61001, 61002), (2**31, 2**32 - 2)]
NAMES = ["with space", "plus+", "100%", "grüße", "gru\u0308ße", "日本語", "😀", "tab\there",
         "new\nline", "back\\slash", "quote\"'", "&<>?#;:@$,=", ".hidden", "~", "-dash", "x" * 255]


def build(root):
    os.umask(0)
    os.mkdir(root)
    os.chdir(root)
    for mode in MODES:
        for kind in WITH_MODE:
            make(kind, f"{kind}-{mode:o}")
            os.chmod(f"{kind}-{mode:o}", mode)
    for uid, gid in OWNERS:
        for kind in KINDS:
            make(kind, f"{kind} of {uid}")
            os.chown(f"{kind} of {uid}", uid, gid, follow_symlinks=False)
    for major, minor in ((1, 3), (8, 17), (259, 4096), (4095, 1048575)):
        for kind in (stat.S_IFBLK, stat.S_IFCHR):
            os.mknod(f"device {kind} {major}", kind | 0o660, os.makedev(major, minor))
    for number, name in enumerate(NAMES):
        write(name, b"%d" % number)
    for size in (0, 1, 4_095, 4_096, 4_097, 1 << 20, (9 << 20) + 5):
        write(f"size {size}", (b"%d " % size * (size // 2 + 1))[:size])
    for length in (1, 255, 1_024, 2_000, 4_095):
        os.symlink(("t" * 200 + "/") * 20 + "x" * (length - 4_020) if length > 4_020
                   else "t" * length, f"link of {length}")
    build_links()
    build_attributes()
    build_sparse()
    set_times()


def build_links():
    os.makedirs("linked/deep")
    for kind in ("file", "symlink", "fifo", "socket", "block", "character"):
        make(kind, f"linked/{kind}")
        for name in (f"linked/second {kind}", f"linked/deep/third {kind}", f"fourth {kind}"):
            os.link(f"linked/{kind}", name, follow_symlinks=False)
    # One whose first name is gone, and one that was replaced.
    write("linked/lost", b"lost its first name")
    os.link("linked/lost", "linked/kept")
    os.unlink("linked/lost")
    write("linked/new", b"replaced")
    os.rename("linked/new", "fourth file")


def build_attributes():
    for kind in ("file", "directory"):
        make(kind, f"attributes of a {kind}")
        for number, value in enumerate((b"", b"text", b"\0\xff binary", "grüße".encode(),
                                        b"v" * 1_500)):
            os.setxattr(f"attributes of a {kind}", f"user.a{number}", value)
        os.setxattr(f"attributes of a {kind}", "trusted.a", b"of root")
        os.setxattr(f"attributes of a {kind}", "security.mediafs-test", b"of security")
        make(kind, f"list of a {kind}")
        os.setxattr(f"list of a {kind}", ACCESS, acl(
            "u:rwx user:61002:r-x user:61009:-w- g:r-- group:61004:rwx m:rwx o:--x"))
    os.setxattr("list of a directory", DEFAULT, acl(
        "u:rwx user:61002:rwx g:r-x group:61004:rw- m:rwx o:r--"))
    write("list of a directory/inherits", b"1")
    os.mkdir("list of a directory/inherits too")


def build_sparse():
    descriptor = os.open("sparse", os.O_RDWR | os.O_CREAT, 0o644)
    os.pwrite(descriptor, b"start", 0)
    os.pwrite(descriptor, b"island", 3_000_000)
    os.ftruncate(descriptor, 5_000_000)
    os.close(descriptor)


def set_times():
    """Of everything, bottom up, so that what comes later does not move what was set."""
    number = 0
    for directory, subdirectories, names in sorted(os.walk("."), reverse=True):
        for name in sorted(subdirectories + names):
            number += 1
            utimensat(f"{directory}/{name}", (1_500_000_000 + number) * SECOND + number,
                      (1_000_000_000 + number) * SECOND + 123_456_789 + number,
                      AT_SYMLINK_NOFOLLOW)


def describe(path):
    info = os.lstat(path)
    entry = {
        "mode": oct(info.st_mode), "owner": [info.st_uid, info.st_gid], "mtime": info.st_mtime_ns,
        "atime": info.st_atime_ns, "ctime": info.st_ctime_ns, "inode": info.st_ino,
        "attributes": {
            name: os.getxattr(path, name, follow_symlinks=False).hex()
            for name in sorted(os.listxattr(path, follow_symlinks=False))
        },
    }
    if stat.S_ISDIR(info.st_mode):
        return entry
    entry["links"] = info.st_nlink
    if stat.S_ISREG(info.st_mode):
        entry["size"] = info.st_size
        with open(path, "rb") as file:
            entry["sha256"] = hashlib.file_digest(file, "sha256").hexdigest()
    elif stat.S_ISLNK(info.st_mode):
        entry["target"] = os.fsencode(os.readlink(path)).hex()
    else:
        entry["device"] = info.st_rdev
    return entry


def describe_tree(root):
    """Entries by path. Each directory is looked at before it is listed, which moves its atime."""
    entries, waiting = {}, [root]
    while waiting:
        directory = waiting.pop()
        for name in sorted(os.listdir(directory)):
            path = os.path.join(directory, name)
            entries[os.path.relpath(path, root)] = entry = describe(path)
            if int(entry["mode"], 8) & 0o170000 == stat.S_IFDIR:
                waiting.append(path)
    name_links(entries)
    return entries


def name_links(entries):
    """Replaces inode numbers, which need not stay, by the first name of each thing."""
    first = {}
    for path in sorted(entries):
        first.setdefault(entries[path]["inode"], path)
    for entry in entries.values():
        entry["same as"] = first[entry.pop("inode")]


def differences(expected, found, fields):
    problems = [f"missing: {path!r}" for path in expected.keys() - found.keys()]
    problems += [f"unexpected: {path!r}" for path in found.keys() - expected.keys()]
    for path in expected.keys() & found.keys():
        for field in expected[path].keys() | found[path].keys():
            wanted, got = expected[path].get(field), found[path].get(field)
            counts = field not in ("atime", "ctime") or field in fields
            if field == "atime" and expected[path].get("links", 1) > 1:
                counts = False  # Looking at another name of it has moved it.
            if field.endswith("time") and "implied" in fields and "links" not in expected[path]:
                counts = False
            if counts and wanted != got:
                problems.append(f"{path!r}: {field} is {got}, not {wanted}")
    return sorted(problems)


def main():
    options = {word[2:] for word in sys.argv if word.startswith("--")}
    command, root, *rest = [word for word in sys.argv[1:] if not word.startswith("--")]
    if command == "make":
        build(root)
    elif command == "save":
        json.dump(describe_tree(root), sys.stdout)
    elif command == "check":
        with open(rest[0], encoding="utf-8") as file:
            problems = differences(json.load(file), describe_tree(root), options)
        print("\n".join(problems[:60]))
        if problems:
            sys.exit(f"{len(problems)} differences")
    else:
        sys.exit(__doc__)


main()
