"""readdir(3): what it gives, stable positions, and listing while others create and delete."""
import errno
import os
import stat

from ground import KINDS, exists, make, remove, write
from kernel import DirectoryStream, entries

COUNT = 1_500
TYPES = {"file": 8, "directory": 4, "symlink": 10, "fifo": 1, "socket": 12, "block": 6,
         "character": 2}


def what_it_gives(t):
    os.mkdir("empty")
    found = entries("empty")
    t.same(sorted(name for name, _, _ in found), [".", ".."], "entries of an empty directory")
    t.same({name: inode for name, inode, _ in found},
           {".": os.stat("empty").st_ino, "..": os.stat(".").st_ino}, "inodes of . and ..")
    os.mkdir("d")
    for kind in KINDS:
        make(kind, f"d/{kind}")
    found = {name: (inode, kind) for name, inode, kind in entries("d")}
    t.same(sorted(found), sorted(KINDS + [".", ".."]), "entries")
    for kind in KINDS:
        t.same(found[kind], (os.lstat(f"d/{kind}").st_ino, TYPES[kind]), f"entry of a {kind}")
    t.same(found["."][1], 4, "type of .")
    t.same(found[".."][1], 4, "type of ..")
    for name in ("a b", "new\nline", "grüße", "gru\u0308ße", "日本語", "😀", "-x", "%2F", "\x01", "~",
                 "back\\slash", "trailing ", ".hidden", "...", "A", "a", "*?[", "x" * 255):
        make("file", f"d/{name}")
        t.check(name in os.listdir("d"), f"{name!r} in a listing")
        os.unlink(f"d/{name}")
        t.check(name not in os.listdir("d"), f"{name!r} after it was removed")
    # Names that differ in case or in normalisation are different names.
    for first, second in (("Name", "name"), ("grüße", "gru\u0308ße"), ("K", "\u212a")):
        write(f"d/{first}", b"1")
        write(f"d/{second}", b"2")
        t.check(first in os.listdir("d") and second in os.listdir("d"), f"{first!r} and {second!r}")
        with open(f"d/{first}", "rb") as file:
            t.same(file.read(), b"1", f"content of {first!r} beside {second!r}")


def fill(where, count):
    os.mkdir(where)
    for number in range(count):
        os.mknod(f"{where}/{number:05}", stat.S_IFREG | 0o644)


def positions(t):
    fill("d", COUNT)
    stream = DirectoryStream("d")
    order, offsets = [], []
    while True:
        offsets.append(stream.tell())
        name = stream.read()
        if name is None:
            break
        order.append(name)
    t.same(len(order), COUNT + 2, "entries in one pass")
    t.same(len(set(order)), COUNT + 2, "different entries in one pass")
    for index in list(range(0, COUNT, 97)) + [1, 2, COUNT, COUNT + 1]:
        stream.seek(offsets[index])
        t.same(stream.read(), order[index], f"the entry at position {index}")
    stream.seek(offsets[700])
    t.same(stream.rest(), order[700:], "all from a position on")
    stream.rewind()
    t.same(stream.rest(), order, "all after rewinddir")
    # What is removed or made elsewhere does not move a position.
    keep = offsets[1_000]
    for name in [n for n in order[:900] if n not in (".", "..")][::2]:
        os.unlink(f"d/{name}")
    for number in range(50):
        write(f"d/new{number}")
    stream.seek(keep)
    rest = stream.rest()
    t.same([n for n in rest if not n.startswith("new")], order[1_000:],
           "all from a position on, after many before it were removed")
    t.same(len(rest), len(set(rest)), "repeated entries after it")
    stream.close()
    again = DirectoryStream("d")
    t.same(set(again.rest()), set(os.listdir("d")) | {".", ".."}, "a new stream")
    again.close()


def rewind_sees_new(t):
    os.mkdir("d")
    write("d/first")
    stream = DirectoryStream("d")
    t.same(sorted(stream.rest()), [".", "..", "first"], "before")
    write("d/second")
    os.unlink("d/first")
    stream.rewind()
    t.same(sorted(stream.rest()), [".", "..", "second"], "after rewinddir")
    stream.close()


def while_changing(t):
    """Neither skips nor repeats an entry that was there throughout."""
    fill("d", COUNT)
    for number in range(0, COUNT, 3):
        os.rename(f"d/{number:05}", f"d/goes{number}")
    stays = {f"{number:05}" for number in range(COUNT) if number % 3}
    stop, stopper = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(stopper)
        os.set_blocking(stop, False)
        churn(stop)
    os.close(stop)
    for round_ in range(6):
        stream = DirectoryStream("d")
        names = stream.rest()
        stream.close()
        seen = [name for name in names if name in stays]
        t.same(len(seen), len(stays), f"entries that stayed, in pass {round_}")
        t.same(len(set(seen)), len(stays), f"different entries that stayed, in pass {round_}")
        t.check(len(names) == len(set(names)), f"no entry twice in pass {round_}")
    os.close(stopper)
    t.same(os.waitpid(child, 0)[1], 0, "the process that creates and deletes")


def churn(stop):
    """Creates, renames and deletes until the other end of the pipe is closed."""
    number = 0
    while True:
        number += 1
        write(f"d/comes{number}")
        if number > 20:
            os.rename(f"d/comes{number - 10}", f"d/moved{number}")
            os.unlink(f"d/moved{number}")
        victim = f"d/goes{number * 3}"
        if exists(victim):
            os.unlink(victim)
        try:
            if os.read(stop, 1) == b"":
                os._exit(0)
        except BlockingIOError:
            pass


def remove_while_listing(t):
    """What `rm -r` does: deletes each entry as it is listed, and nothing is left."""
    fill("d", COUNT)
    stream = DirectoryStream("d")
    removed = 0
    while True:
        name = stream.read()
        if name is None:
            break
        if name not in (".", ".."):
            os.unlink(f"d/{name}")
            removed += 1
    stream.close()
    t.same(removed, COUNT, "entries removed in one pass")
    t.allows("rmdir after it", os.rmdir, "d")


def remembers_nothing_wrong(t):
    os.mkdir("d")
    for kind in KINDS:
        for other in KINDS:
            make(kind, "d/name")
            t.same([(n, k) for n, _, k in entries("d") if n == "name"], [("name", TYPES[kind])],
                   f"a {kind} in a listing")
            remove("d/name")
            make(other, "d/name")
            t.same([(n, k) for n, _, k in entries("d") if n == "name"], [("name", TYPES[other])],
                   f"a {other} where a {kind} was in a listing")
            remove("d/name")
            t.same(os.listdir("d"), [], "a listing after it was removed")
    t.refuses(errno.ENOTDIR, "listing a file", listing_of_a_file)
    t.refuses(errno.ENOENT, "listing nothing", os.listdir, "missing")


def listing_of_a_file():
    write("file")
    os.listdir("file")


CASES = [what_it_gives, positions, rewind_sees_new, while_changing, remove_while_listing,
         remembers_nothing_wrong]
