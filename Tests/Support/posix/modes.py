"""chmod(2): who may, what it keeps, and when set-user-ID and set-group-ID bits go."""
import errno
import os

from ground import (
    MEMBER, OTHER, OWNER, WITH_MODE, User, exists, identity, make, mode_of, read, write)
from kernel import NOWHERE, call

MODES = [0o000, 0o001, 0o111, 0o222, 0o444, 0o604, 0o640, 0o755, 0o777, 0o1755, 0o2755, 0o4755,
         0o6711, 0o7777, 0o7000]


def every_mode(t):
    for kind in WITH_MODE:
        make(kind, kind)
        os.symlink(kind, "to-" + kind)
        before = identity(kind)
        for mode in MODES:
            t.allows(f"chmod {mode:o} of a {kind}", os.chmod, kind, mode)
            t.same(mode_of(kind), mode, f"mode of a {kind} after chmod {mode:o}")
            os.chmod("to-" + kind, mode ^ 0o111)
            t.same(mode_of(kind), mode ^ 0o111, f"mode of a {kind} after chmod by a link")
        t.same(identity(kind), before, f"a {kind} stays what it is")
        t.same(mode_of("to-" + kind), 0o777, "mode of the link")
    for mode in MODES:
        descriptor = os.open("file", os.O_RDONLY)
        os.fchmod(descriptor, mode)
        t.same(mode_of("file"), mode, f"fchmod {mode:o}")
        os.close(descriptor)
    t.same(read("file"), b"file", "the content of a file of many modes")
    directory = os.open(".", os.O_RDONLY)
    os.chmod("file", 0o642, dir_fd=directory)
    t.same(mode_of("file"), 0o642, "fchmodat")
    os.close(directory)


def survives(t):
    """Modes stay through renames, writes by root, and writing back."""
    for mode in MODES:
        name = f"mode{mode:o}"
        write(name, b"content")
        os.chmod(name, mode)
        os.mkdir(f"dir{mode:o}")
        os.chmod(f"dir{mode:o}", mode)
    t.settle()
    for mode in MODES:
        t.same(mode_of(f"mode{mode:o}"), mode, f"mode {mode:o} of a file after writing back")
        t.same(mode_of(f"dir{mode:o}"), mode, f"mode {mode:o} of a directory after writing back")
        os.chmod(f"mode{mode:o}", mode ^ 0o070)
    t.settle()
    for mode in MODES:
        t.same(mode_of(f"mode{mode:o}"), mode ^ 0o070, f"mode {mode:o} changed once more")
        t.same(read(f"mode{mode:o}"), b"content", "and the content that did not change")


def who_may(t):
    for kind in WITH_MODE:
        make(kind, kind, 0o644)
        os.chown(kind, OWNER.uid, OWNER.gid)
        os.chmod(kind, 0o644)
        t.allows(f"chmod of a {kind} by its owner", OWNER(os.chmod), kind, 0o600)
        t.same(mode_of(kind), 0o600, f"mode of a {kind} its owner has set")
        os.chmod(kind, 0o666)
        for who, user in (("another", OTHER), ("a member of its group", MEMBER)):
            t.refuses(errno.EPERM, f"chmod of a {kind} by {who}", user(os.chmod), kind, 0o777)
        t.same(mode_of(kind), 0o666, f"mode of a {kind} nobody may change")
    # The mode of a file with all bits clear can still be changed by its owner.
    os.chmod("file", 0)
    t.allows("chmod of a file of mode 0", OWNER(os.chmod), "file", 0o600)


def group_bit(t):
    """Set-group-ID is cleared by an owner who is not in the file's group."""
    for group, keeps in ((OWNER.gid, True), (61004, False), (61077, False)):
        write(f"file{group}")
        os.chown(f"file{group}", OWNER.uid, group)
        OWNER(os.chmod)(f"file{group}", 0o2755)
        t.same(mode_of(f"file{group}"), 0o2755 if keeps else 0o755, f"02755 with group {group}")
        os.chmod(f"file{group}", 0o2755)
        t.same(mode_of(f"file{group}"), 0o2755, "02755 by root")
        os.mkdir(f"d{group}")
        os.chown(f"d{group}", OWNER.uid, group)
        OWNER(os.chmod)(f"d{group}", 0o2755)
        t.same(mode_of(f"d{group}"), 0o2755 if keeps else 0o755, f"02755 of a directory, {group}")
    write("supplementary")
    os.chown("supplementary", MEMBER.uid, 61004)
    MEMBER(os.chmod)("supplementary", 0o2711)
    t.same(mode_of("supplementary"), 0o2711, "02711 with a supplementary group")
    write("sticky")
    os.chown("sticky", OWNER.uid, OWNER.gid)
    OWNER(os.chmod)("sticky", 0o1644)
    t.same(mode_of("sticky"), 0o1644, "the sticky bit of a file is its owner's to set on Linux")


def cleared_by_writing(t):
    """A write by who is not privileged takes set-user-ID, and set-group-ID of an executable."""
    cases = {0o4777: 0o777, 0o2777: 0o777, 0o6777: 0o777, 0o1777: 0o1777, 0o4666: 0o666,
             0o6776: 0o776}
    writes = {
        "write": lambda name: write_at(name, b"new"),
        "truncate": lambda name: os.truncate(name, 2),
        "ftruncate": cut,
        "O_TRUNC": lambda name: os.close(os.open(name, os.O_WRONLY | os.O_TRUNC)),
    }
    for what, function in writes.items():
        for mode, wanted in cases.items():
            name = f"{what}-{mode:o}"
            write(name, b"0123456789")
            os.chown(name, OWNER.uid, OWNER.gid)
            os.chmod(name, mode)
            OTHER(function)(name)
            t.same(oct(mode_of(name)), oct(wanted), f"{mode:o} after {what} by another")
    for mode in (0o4777, 0o2777, 0o6755):
        name = f"root-{mode:o}"
        write(name, b"0123456789")
        os.chmod(name, mode)
        write_at(name, b"new")
        t.same(oct(mode_of(name)), oct(mode), f"{mode:o} after a write by root")


def write_at(name, content):
    descriptor = os.open(name, os.O_WRONLY)
    os.pwrite(descriptor, content, 3)
    os.close(descriptor)


def cut(name):
    descriptor = os.open(name, os.O_WRONLY)
    os.ftruncate(descriptor, 4)
    os.close(descriptor)


def directories_hand_down(t):
    os.mkdir("d")
    os.chown("d", 0, 61004)
    os.chmod("d", 0o2777)
    member, stranger = User(61005, 61005, [61004]), User(61006, 61006)
    for mode in (0o2755, 0o2711, 0o755):
        for who, user in (("member", member), ("stranger", stranger)):
            name = f"d/{who}{mode:o}"
            # An executable keeps set-group-ID in a group one belongs to, and loses it else.
            user(os.mknod)(name, 0o100000 | mode)
            kept = mode if who == "member" else mode & ~0o2000
            t.same(oct(mode_of(name)), oct(kept), f"{mode:o} made by a {who}")
            t.same(os.stat(name).st_gid, 61004, "its group")
            user(os.mkdir)(name + "-dir", 0o711)
            t.same(oct(mode_of(name + "-dir")), oct(0o2711), f"a directory made by a {who}")


def refuses(t):
    make("file", "file")
    for name, code in (("missing", errno.ENOENT), ("", errno.ENOENT), ("file/x", errno.ENOTDIR),
                       ("file/", errno.ENOTDIR), ("missing/x", errno.ENOENT)):
        t.refuses(code, f"chmod of {name!r}", os.chmod, name, 0o644)
    os.symlink("nowhere", "dangling")
    t.refuses(errno.ENOENT, "chmod of a link to nothing", os.chmod, "dangling", 0o644)
    t.check(not exists("nowhere"), "chmod makes nothing")
    t.refuses(errno.EFAULT, "chmod of a bad address", call, "chmod", NOWHERE, 0o644)
    os.mkdir("closed", 0o700)
    make("file", "closed/file", 0o666)
    os.chown("closed/file", OWNER.uid, OWNER.gid)
    t.refuses(errno.EACCES, "chmod where one may not search", OWNER(os.chmod), "closed/file", 0o600)
    descriptor = os.open("file", os.O_PATH)
    t.refuses(errno.EBADF, "fchmod of O_PATH", os.fchmod, descriptor, 0o600)
    os.close(descriptor)


CASES = [every_mode, survives, who_may, group_bit, cleared_by_writing, directories_hand_down,
         refuses]
