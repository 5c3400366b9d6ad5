"""link(2): many names for one thing, of every kind but directories."""
import errno
import os

from ground import (
    KINDS, OTHER_THAN_DIRECTORY, OWNER, exists, identity, make, mode_of, read, write)
from kernel import (
    AT_EMPTY_PATH, AT_FDCWD, AT_SYMLINK_FOLLOW, NOWHERE, RENAME_EXCHANGE, call, linkat, rename2)
from things import STATES, Exhibits, fingerprint
from renaming import slug

NAMES = ["second", "d/third", "d/deep/fourth"]


def every_kind(t):
    os.makedirs("d/deep")
    for kind in OTHER_THAN_DIRECTORY:
        make(kind, kind, 0o640)
        before = fingerprint(kind)
        for count, name in enumerate(NAMES, start=2):
            name = name + "-" + kind
            t.allows(f"link of a {kind}", os.link, kind, name, follow_symlinks=False)
            t.same(fingerprint(name), before, f"a {kind} under a further name")
            for known in [kind] + [n + "-" + kind for n in NAMES[:count - 1]]:
                t.same(os.lstat(known).st_nlink, count, f"links of a {kind} by each name")
        os.chmod(NAMES[1] + "-" + kind, 0o604) if kind != "symlink" else None
        os.chown(NAMES[2] + "-" + kind, 61001, 61002, follow_symlinks=False)
        os.utime(kind, ns=(10**18 + 1, 10**18 + 2), follow_symlinks=False)
        attributes = {(i.st_mode, i.st_uid, i.st_gid, i.st_mtime_ns) for i in
                      (os.lstat(n) for n in [kind] + [n + "-" + kind for n in NAMES])}
        t.same(len(attributes), 1, f"attributes of a {kind}, whatever its name")
        os.unlink(kind)
        for count, name in zip((2, 1, 0), NAMES):
            name = name + "-" + kind
            t.same(os.lstat(name).st_nlink, count + 1, f"links of a {kind} as names go")
            os.unlink(name)
            t.check(not exists(name), f"unlink of one name of a {kind}")


def one_content(t):
    exhibits = Exhibits(t.settle)
    for state in STATES:
        exhibits.add(state, slug(state))
    exhibits.ready()
    for state in STATES:
        name, other = slug(state), slug(state) + "-2"
        t.allows(f"link of {state}", os.link, name, other)
        t.same(fingerprint(other), fingerprint(name), f"{state} by both names")
        with open(other, "r+b", buffering=0) as file:
            file.write(b"by the second name")
        t.same(read(name)[:18], b"by the second name", f"{state} written by its second name")
        os.truncate(name, 5)
        t.same(read(other), b"by th", f"{state} cut by its first name")
    t.settle()
    for state in STATES:
        name, other = slug(state), slug(state) + "-2"
        t.same(read(name), b"by th", f"{state} after it was written back")
        write(name, b"again")
        t.same(read(other), b"again", f"{state} written anew by one name")
        os.rename(other, other + "-moved")
        t.same(identity(other + "-moved"), identity(name), f"{state} with one name moved")
        t.same(os.stat(name).st_nlink, 2, f"links of {state} with one name moved")
        os.unlink(name)
        t.same(os.stat(other + "-moved").st_nlink, 1, f"links of {state} after unlink")
        t.same(read(other + "-moved"), b"again", f"{state} by the name that is left")
        os.link(other + "-moved", name)
        t.same(os.stat(name).st_nlink, 2, f"links of {state} linked once more")
    exhibits.close()


def rename_of_links(t):
    write("a", b"one")
    os.link("a", "b")
    t.allows("rename between two names of one file", os.rename, "a", "b")
    t.check(exists("a") and exists("b"), "it does nothing: both names stay")
    t.same(os.stat("a").st_nlink, 2, "links after it")
    write("c", b"two")
    os.link("c", "d")
    os.rename("a", "c")
    t.same(os.stat("d").st_nlink, 1, "links of a file one of whose names was replaced")
    t.same(read("d"), b"two", "its content")
    t.same(read("c"), b"one", "what replaced it")
    t.same(os.stat("b").st_nlink, 2, "links of what replaced it")
    rename2("b", "d", RENAME_EXCHANGE)
    t.same((read("b"), read("d")), (b"two", b"one"), "exchange of one name each")
    t.same((os.stat("b").st_nlink, os.stat("d").st_nlink), (1, 2), "links after an exchange")
    rename2("c", "d", RENAME_EXCHANGE)
    t.same(identity("c"), identity("d"), "exchange of two names of one file")
    os.makedirs("tree/sub")
    os.link("c", "tree/sub/c")
    os.rename("tree", "moved")
    t.same(os.stat("d").st_nlink, 3, "links with one name in a moved directory")
    t.same(identity("moved/sub/c"), identity("d"), "the name in the moved directory")


def many(t):
    write("first", b"many names")
    for number in range(100):
        os.link("first", f"name{number}")
    t.same(os.stat("name57").st_nlink, 101, "links of a file with 101 names")
    t.same(len({os.stat(f"name{n}").st_ino for n in range(100)}), 1, "inodes of 101 names")
    with open("name99", "ab") as file:
        file.write(b"!")
    t.same({read(f"name{n}") for n in range(0, 100, 9)}, {b"many names!"}, "bytes by each name")
    for number in range(100):
        os.unlink(f"name{number}")
    t.same(os.stat("first").st_nlink, 1, "links when 100 names are gone")


def links_to_links(t):
    write("file", b"content")
    os.symlink("file", "soft")
    os.link("soft", "hard-to-soft", follow_symlinks=False)
    t.check(os.path.islink("hard-to-soft"), "link without AT_SYMLINK_FOLLOW links the link")
    t.same(os.lstat("soft").st_nlink, 2, "links of a symbolic link")
    linkat(AT_FDCWD, "soft", "hard-to-file", AT_SYMLINK_FOLLOW)
    t.same(identity("hard-to-file"), identity("file"), "link with AT_SYMLINK_FOLLOW")
    descriptor = os.open("file", os.O_RDONLY)
    linkat(descriptor, "", "by-descriptor", AT_EMPTY_PATH)
    t.same(os.stat("by-descriptor").st_nlink, 3, "links with one made by a descriptor")
    os.close(descriptor)


def refuses(t):
    for kind in KINDS:
        make(kind, kind)
    for kind in KINDS:
        for other in OTHER_THAN_DIRECTORY:
            before = identity(kind)
            t.refuses(errno.EEXIST, f"link of a {other} onto a {kind}", os.link, other, kind,
                      follow_symlinks=False)
            t.same(identity(kind), before, f"the {kind} that is there")
            t.same(os.lstat(other).st_nlink, 1, f"links of the {other}")
        t.refuses((errno.EPERM, errno.EEXIST), f"link of a directory onto a {kind}", os.link,
                  "directory", kind)
    os.symlink("nowhere", "dangling")
    t.refuses(errno.EEXIST, "link onto a link to nothing", os.link, "file", "dangling")
    t.refuses(errno.EPERM, "link of a directory", os.link, "directory", "new")
    for old, new, code in (
        ("missing", "new", errno.ENOENT), ("file", "missing/new", errno.ENOENT),
        ("file/x", "new", errno.ENOTDIR), ("file", "fifo/x", errno.ENOTDIR),
        ("file/", "new", errno.ENOTDIR), ("file", "new/", errno.ENOENT),
        ("", "new", errno.ENOENT), ("file", "", errno.ENOENT),
        ("file", ".", errno.EEXIST), ("file", "..", errno.EEXIST),
        ("file", f"/dev/shm/posix-{os.getpid()}", errno.EXDEV), ("/proc/version", "new", errno.EXDEV),
    ):
        t.refuses(code, f"link of {old!r} as {new!r}", os.link, old, new)
    t.refuses(errno.EFAULT, "link of a bad address", call, "link", NOWHERE, b"new")
    t.refuses(errno.EFAULT, "link to a bad address", call, "link", b"file", NOWHERE)
    os.mkdir("closed", 0o755)
    os.chown("file", OWNER.uid, OWNER.gid)
    t.refuses(errno.EACCES, "link into a directory one may not write", OWNER(os.link), "file",
              "closed/new")


def unlinked_names_and_descriptors(t):
    write("a", b"content")
    os.link("a", "b")
    descriptor = os.open("a", os.O_RDWR)
    os.unlink("a")
    t.same(os.fstat(descriptor).st_nlink, 1, "links of an open file that lost a name")
    os.pwrite(descriptor, b"C", 0)
    t.same(read("b"), b"Content", "written by the descriptor of a lost name")
    os.unlink("b")
    t.same(os.fstat(descriptor).st_nlink, 0, "links of an open file that lost all names")
    t.same(os.pread(descriptor, 7, 0), b"Content", "its content")
    os.close(descriptor)
    write("a", b"third")
    t.same(mode_of("a"), 0o644, "a new file of the name")
    t.same(os.stat("a").st_nlink, 1, "links of a new file of the name")


CASES = [every_kind, one_content, rename_of_links, many, links_to_links, refuses,
         unlinked_names_and_descriptors]
