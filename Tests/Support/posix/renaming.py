"""rename(2): every pair of kinds and states, directories and what is beneath them."""
import errno
import os

from ground import KINDS, OTHER_THAN_DIRECTORY, exists, make, mode_of, read, write
from kernel import NOWHERE, call
from things import THINGS, Exhibits, fingerprint, is_directory


def verdict(old, new):
    """The error that a rename of one onto the other gives, None for none."""
    if is_directory(old) and not is_directory(new):
        return errno.ENOTDIR
    if is_directory(new) and not is_directory(old):
        return errno.EISDIR
    return (errno.ENOTEMPTY, errno.EEXIST) if new == "full directory" else None


def slug(*things):
    return "-".join(thing.replace(" ", "") for thing in things)


def pairs(t):
    exhibits = Exhibits(t.settle)
    for old in THINGS:
        for new in THINGS:
            os.mkdir(slug(old, new))
            exhibits.add(old, slug(old, new) + "/old")
            exhibits.add(new, slug(old, new) + "/new")
    exhibits.ready()
    for old in THINGS:
        for new in THINGS:
            check_pair(t, old, new, slug(old, new))
    for name, descriptor in exhibits.open.items():
        os.pwrite(descriptor, b"through the descriptor", 0)
        t.same(os.pread(descriptor, 22, 0), b"through the descriptor", f"what {name} was")
        if os.fstat(descriptor).st_nlink:
            current = name if exists(name) and same_file(descriptor, name) else (
                os.path.dirname(name) + "/new")
            t.same(read(current)[:22], b"through the descriptor", f"written to what {name} was")
    exhibits.close()
    t.settle()
    for old in THINGS:
        for new in THINGS:
            names = sorted(os.listdir(slug(old, new)))
            wanted = ["new", "old"] if verdict(old, new) else ["new"]
            t.same(names, wanted, f"{old} renamed onto {new}, afterwards")


def same_file(descriptor, name):
    return os.path.samestat(os.fstat(descriptor), os.lstat(name))


def check_pair(t, old, new, where):
    before, replaced = fingerprint(where + "/old"), fingerprint(where + "/new")
    error = verdict(old, new)
    if error:
        t.refuses(error, f"{old} renamed onto {new}", os.rename, where + "/old", where + "/new")
        t.same(fingerprint(where + "/old"), before, f"{old} after it was not renamed onto {new}")
        t.same(fingerprint(where + "/new"), replaced, f"{new} that {old} did not replace")
    else:
        t.allows(f"{old} renamed onto {new}", os.rename, where + "/old", where + "/new")
        t.same(fingerprint(where + "/new"), before, f"{old} after it replaced {new}")
        t.check(not exists(where + "/old"), f"{old} is gone after it replaced {new}")


def onto_nothing(t):
    exhibits = Exhibits(t.settle)
    os.mkdir("elsewhere")
    for thing in THINGS:
        exhibits.add(thing, slug(thing))
    exhibits.ready()
    for thing in THINGS:
        name = slug(thing)
        before = fingerprint(name)
        for target in (name + " moved", "elsewhere/" + name, "elsewhere/" + name + " twice"):
            os.rename(name, target)
            t.check(not exists(name), f"the old name of {thing}")
            t.same(fingerprint(target), before, f"{thing} under a new name")
            name = target
        os.rename(name, name)
        t.same(fingerprint(name), before, f"{thing} renamed onto itself")
    exhibits.close()


def attributes_stay(t):
    for kind in KINDS:
        make(kind, kind, 0o640)
        os.chown(kind, 61001, 61002, follow_symlinks=False)
        os.utime(kind, ns=(1_000_000_001, 2_000_000_002), follow_symlinks=False)
        before = os.lstat(kind)
        os.rename(kind, kind + "2")
        after = os.lstat(kind + "2")
        for field in ("st_mode", "st_uid", "st_gid", "st_mtime_ns", "st_atime_ns", "st_nlink",
                      "st_size", "st_rdev", "st_ino"):
            if kind == "directory" and field == "st_size":
                continue
            t.same(getattr(after, field), getattr(before, field), f"{field} of a renamed {kind}")


def subtrees(t):
    os.makedirs("a/b/c")
    for target in ("a/new", "a/b/new", "a/b/c/new", "a/b/c", "a/b"):
        codes = errno.EINVAL if target.endswith("new") else (errno.EINVAL, errno.ENOTEMPTY)
        t.refuses(codes, f"a directory renamed to {target} beneath it", os.rename, "a", target)
    t.refuses((errno.ENOTEMPTY, errno.EEXIST, errno.EINVAL), "a directory onto its own parent",
              os.rename, "a/b", "a")
    for name in (".", "..", "a/.", "a/.."):
        t.refuses((errno.EBUSY, errno.EINVAL), f"rename of {name}", os.rename, name, "other")
        t.refuses((errno.EBUSY, errno.EINVAL, errno.EEXIST, errno.ENOTEMPTY), f"rename to {name}",
                  os.rename, "a/b", name)
    t.check(exists("a/b/c"), "everything is where it was")
    os.mkdir("empty")
    os.rename("a/b", "empty")
    t.same(os.listdir("empty"), ["c"], "a directory that replaced an empty one")
    t.same(os.stat("empty/c/../..").st_ino, os.stat(".").st_ino, ".. of what moved")
    os.rename("empty/c", "c")
    t.same(os.stat("c/..").st_ino, os.stat(".").st_ino, ".. of a directory that moved up")
    os.makedirs("deep/er")
    os.rename("c", "deep/er/c")
    t.same(os.stat("deep/er/c/..").st_ino, os.stat("deep/er").st_ino, ".. after a move down")


def whole_directories(t):
    """Files beneath stay what they are, in whichever state they were."""
    exhibits = Exhibits(t.settle)
    os.makedirs("tree/one/two")
    for where in ("tree", "tree/one", "tree/one/two"):
        for thing in THINGS:
            exhibits.add(thing, f"{where}/{slug(thing)}")
    exhibits.ready()
    before = fingerprint("tree")
    here = os.open("tree/one", os.O_RDONLY | os.O_DIRECTORY)
    os.rename("tree", "moved")
    t.same(fingerprint("moved"), before, "a tree that was renamed")
    t.same(os.listdir("."), ["moved"], "what is beside it")
    t.same(sorted(os.listdir(here)), sorted(os.listdir("moved/one")), "what was open within")
    t.settle()
    t.same(fingerprint("moved"), before, "after it was written back")
    os.mkdir("parent")
    os.rename("moved", "parent/tree")
    os.rename("parent", "tree")
    t.same(fingerprint("tree/tree"), before, "renamed twice more before it was written back")
    t.settle()
    t.same(fingerprint("tree/tree"), before, "and after that")
    for name, descriptor in exhibits.open.items():
        os.pwrite(descriptor, b"late", 0)
        moved = name.replace("tree/", "tree/tree/", 1)
        t.same(read(moved)[:4], b"late", f"written by descriptor to {moved}")
    os.close(here)
    exhibits.close()


def names_refused(t):
    write("file")
    os.mkdir("d")
    os.symlink("d", "to-d")
    for old, new, code in (
        ("missing", "new", errno.ENOENT), ("file", "missing/new", errno.ENOENT),
        ("missing/file", "new", errno.ENOENT), ("file/x", "new", errno.ENOTDIR),
        ("d", "file/x", errno.ENOTDIR), ("file", "file/x", errno.ENOTDIR),
        ("", "new", errno.ENOENT), ("file", "", errno.ENOENT),
        ("file/", "new", errno.ENOTDIR), ("file", "new/", errno.ENOTDIR),
        ("to-d/", "new", errno.ENOTDIR),
        ("file", "/proc/x", errno.EXDEV), ("d", "/proc/x", errno.EXDEV),
    ):
        t.refuses(code, f"{old!r} renamed to {new!r}", os.rename, old, new)
    t.same(sorted(os.listdir(".")), ["d", "file", "to-d"], "nothing has moved")
    t.allows("a directory to a name with a slash", os.rename, "d", "e/")
    t.check(exists("e"), "it is there")
    t.refuses(errno.EFAULT, "rename of a bad address", call, "rename", NOWHERE, b"new")
    t.refuses(errno.EFAULT, "rename to a bad address", call, "rename", b"file", NOWHERE)


def over_and_over(t):
    """What editors and downloads do: each version under its own name, renamed over the last."""
    for version in range(30):
        write("name.part", b"version %d" % version)
        os.chmod("name.part", 0o600 + version % 8)
        os.rename("name.part", "name")
        t.same(read("name"), b"version %d" % version, f"version {version}")
        t.same(mode_of("name"), 0o600 + version % 8, f"mode of version {version}")
        if version % 10 == 5:
            t.settle()
    t.same(os.listdir("."), ["name"], "what is left")
    for kind in OTHER_THAN_DIRECTORY:
        make(kind, "first")
        os.rename("first", "second")
        os.rename("second", "third")
        os.rename("third", "first")
        t.check(exists("first") and not exists("second"), f"a {kind} renamed in a circle")
        os.unlink("first")


def lookups_follow(t):
    """No stale answer for a name that a rename has taken away or given."""
    for round_ in range(20):
        write("a", b"a%d" % round_)
        t.check(not exists("b"), "b before")
        os.rename("a", "b")
        t.check(not exists("a"), "a after")
        t.same(read("b"), b"a%d" % round_, "b after")
        os.mkdir("d")
        os.rename("b", "d/b")
        t.check(not exists("b"), "b after it moved down")
        os.rename("d", "e")
        t.check(not exists("d/b"), "the way through the old directory")
        t.same(read("e/b"), b"a%d" % round_, "the way through the new directory")
        os.unlink("e/b")
        os.rmdir("e")


CASES = [pairs, onto_nothing, attributes_stay, subtrees, whole_directories, names_refused,
         over_and_over, lookups_follow]
