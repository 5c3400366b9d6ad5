"""renameat2(2): RENAME_NOREPLACE and RENAME_EXCHANGE over every pair of kinds and states."""
import errno
import os

from ground import exists, make, read, write
from kernel import RENAME_EXCHANGE, RENAME_NOREPLACE, rename2
from renaming import slug
from things import THINGS, Exhibits, fingerprint


def no_replacement(t):
    exhibits = Exhibits(t.settle)
    for old in THINGS:
        os.mkdir(slug(old))
        exhibits.add(old, slug(old) + "/old")
        for new in THINGS:
            exhibits.add(new, f"{slug(old)}/{slug(new)}")
    exhibits.ready()
    for old in THINGS:
        before = fingerprint(slug(old))
        for new in THINGS:
            t.refuses(errno.EEXIST, f"{old} onto {new} without replacing", rename2,
                      slug(old) + "/old", f"{slug(old)}/{slug(new)}", RENAME_NOREPLACE)
        t.same(fingerprint(slug(old)), before, f"what was not replaced by {old}")
        thing = fingerprint(slug(old) + "/old")
        t.allows(f"{old} to a free name", rename2, slug(old) + "/old", slug(old) + "/free",
                 RENAME_NOREPLACE)
        t.same(fingerprint(slug(old) + "/free"), thing, f"{old} under its free name")
        t.check(not exists(slug(old) + "/old"), f"the old name of {old}")
        t.refuses(errno.EEXIST, f"{old} onto itself", rename2, slug(old) + "/free",
                  slug(old) + "/free", RENAME_NOREPLACE)
    exhibits.close()


def exchange(t):
    exhibits = Exhibits(t.settle)
    for first in THINGS:
        for second in THINGS:
            where = slug(first, second)
            os.makedirs(where + "/beside")
            exhibits.add(first, where + "/first")
            exhibits.add(second, where + "/beside/second")
    exhibits.ready()
    for first in THINGS:
        for second in THINGS:
            where = slug(first, second)
            names = where + "/first", where + "/beside/second"
            before = fingerprint(names[0]), fingerprint(names[1])
            t.allows(f"exchange of {first} and {second}", rename2, *names, RENAME_EXCHANGE)
            t.same(fingerprint(names[0]), before[1], f"{second} exchanged for {first}")
            t.same(fingerprint(names[1]), before[0], f"{first} exchanged for {second}")
            links = 3 + second.endswith("directory")
            t.same(os.stat(where).st_nlink, links, f"links above {first} and {second}")
            links = 2 + first.endswith("directory")
            t.same(os.stat(where + "/beside").st_nlink, links, f"links beside {second}")
    t.settle()
    for name, descriptor in exhibits.open.items():
        os.pwrite(descriptor, b"later", 0)
        where = name.split("/")[0]
        other = where + ("/beside/second" if name.endswith("/first") else "/first")
        t.same(read(other)[:5], b"later", f"written by descriptor to what was {name}")
    exhibits.close()
    for first in THINGS:
        where = slug(first, "fifo")
        before = fingerprint(where + "/first"), fingerprint(where + "/beside/second")
        rename2(where + "/beside/second", where + "/first", RENAME_EXCHANGE)
        rename2(where + "/first", where + "/beside/second", RENAME_EXCHANGE)
        after = fingerprint(where + "/first"), fingerprint(where + "/beside/second")
        t.same(after, before, f"{first} exchanged there and back")


def exchange_refuses(t):
    write("file")
    os.makedirs("a/b/c")
    t.refuses(errno.ENOENT, "exchange with nothing", rename2, "file", "missing", RENAME_EXCHANGE)
    t.refuses(errno.ENOENT, "exchange of nothing", rename2, "missing", "file", RENAME_EXCHANGE)
    t.refuses(errno.EINVAL, "a directory with what is beneath it", rename2, "a", "a/b/c",
              RENAME_EXCHANGE)
    t.refuses(errno.EINVAL, "a directory with what is above it", rename2, "a/b/c", "a",
              RENAME_EXCHANGE)
    t.refuses(errno.EINVAL, "both flags at once", rename2, "file", "a",
              RENAME_EXCHANGE | RENAME_NOREPLACE)
    t.refuses(errno.EINVAL, "an unknown flag", rename2, "file", "a", 1 << 20)
    t.refuses(errno.EXDEV, "exchange across filesystems", rename2, "file", "/proc/version",
              RENAME_EXCHANGE)
    t.allows("a file with itself", rename2, "file", "file", RENAME_EXCHANGE)
    t.check(exists("file") and exists("a/b/c"), "everything is where it was")


def exchange_of_trees(t):
    os.makedirs("a/x/y")
    os.makedirs("b/z")
    write("a/x/y/file", b"of a")
    write("b/z/file", b"of b")
    t.settle()
    write("a/x/dirty", b"dirty")
    trees = fingerprint("a"), fingerprint("b")
    rename2("a", "b", RENAME_EXCHANGE)
    t.same((fingerprint("b"), fingerprint("a")), trees, "two trees exchanged")
    t.settle()
    t.same((fingerprint("b"), fingerprint("a")), trees, "two trees exchanged and written back")
    rename2("a/z", "b/x", RENAME_EXCHANGE)
    t.same(os.stat("a/z/..").st_ino, os.stat("a").st_ino, ".. of what came")
    t.same(os.stat("b/x/..").st_ino, os.stat("b").st_ino, ".. of what went")
    t.same(read("a/z/y/file"), b"of a", "a file of the first tree")
    t.same(read("b/x/file"), b"of b", "a file of the second tree")


def races(t):
    """Two processes that exchange the same pair: each name always stands for something."""
    make("file", "one")
    make("directory", "two")
    children = []
    for _ in range(2):
        pid = os.fork()
        if pid == 0:
            for _ in range(100):
                rename2("one", "two", RENAME_EXCHANGE)
            os._exit(0)
        children.append(pid)
    missing = sum(not (exists("one") and exists("two")) for _ in range(200))
    for pid in children:
        t.same(os.waitpid(pid, 0)[1], 0, "a process that exchanges")
    t.same(missing, 0, "looks that found a name missing")
    t.check(os.path.isfile("one") and os.path.isdir("two"), "200 exchanges bring all back")


CASES = [no_replacement, exchange, exchange_refuses, exchange_of_trees, races]
