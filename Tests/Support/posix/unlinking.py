"""unlink(2) of every kind, and of what is still open."""
import errno
import mmap
import os
import stat

from ground import FORMATS, KINDS, OTHER_THAN_DIRECTORY, exists, in_child, make, read, write
from kernel import AT_SYMLINK_FOLLOW, NOWHERE, call, linkat

LARGE = 300_000


def removes(t):
    for kind in OTHER_THAN_DIRECTORY:
        make(kind, kind)
        t.allows(f"unlink of a {kind}", os.unlink, kind)
        t.check(not exists(kind), f"unlink removes a {kind}")
        t.refuses(errno.ENOENT, f"lstat of a removed {kind}", os.lstat, kind)
        t.refuses(errno.ENOENT, f"unlink of a removed {kind}", os.unlink, kind)
    t.same(os.listdir("."), [], "what is left in the directory")
    os.mkdir("d")
    t.refuses(errno.EISDIR, "unlink of a directory", os.unlink, "d")
    t.refuses(errno.EISDIR, "unlink of .", os.unlink, ".")
    t.refuses(errno.EISDIR, "unlink of ..", os.unlink, "..")
    t.refuses(errno.ENOENT, "unlink of an empty name", os.unlink, "")
    write("file")
    t.refuses(errno.ENOTDIR, "unlink of a file with a slash", os.unlink, "file/")
    t.refuses(errno.ENOTDIR, "unlink beneath a file", os.unlink, "file/x")
    t.refuses(errno.EFAULT, "unlink of a bad address", call, "unlink", NOWHERE)
    os.symlink("file", "link")
    os.unlink("link")
    t.check(exists("file"), "unlink of a link leaves what it points to")


def again_and_again(t):
    """A name that is taken anew is a new thing, in every kind and before and after writing back."""
    for settles in (False, True):
        for old in OTHER_THAN_DIRECTORY:
            make(old, f"{old}{settles}")
        if settles:
            t.settle()
        for number, old in enumerate(OTHER_THAN_DIRECTORY):
            name = f"{old}{settles}"
            new = KINDS[(number + 1) % len(KINDS)]
            os.unlink(name)
            make(new, name)
            t.same(stat.S_IFMT(os.lstat(name).st_mode), FORMATS[new], f"a {new} where a {old} was")


def while_open(t):
    content = bytes(range(251)) * (LARGE // 251)
    for state in ("new", "dirty", "settled"):
        write(state, content)
    t.settle()
    with open("dirty", "r+b") as file:
        file.write(b"changed")
    write("new", content)
    for state in ("new", "dirty", "settled"):
        descriptor = os.open(state, os.O_RDWR)
        wanted = bytearray(os.pread(descriptor, LARGE, 0))
        os.unlink(state)
        info = os.fstat(descriptor)
        t.same(info.st_nlink, 0, f"links of a removed {state} file")
        t.same(info.st_size, len(wanted), f"size of a removed {state} file")
        t.same(os.pread(descriptor, LARGE, 0), bytes(wanted), f"bytes of a removed {state} file")
        os.pwrite(descriptor, b"written later", 1000)
        wanted[1000:1013] = b"written later"
        os.pwrite(descriptor, b"end", LARGE + 5000)
        os.ftruncate(descriptor, LARGE + 5001)
        wanted += b"\0" * (LARGE + 5000 - len(wanted)) + b"e"
        t.settle()
        t.same(os.pread(descriptor, 2 * LARGE, 0), bytes(wanted),
               f"bytes written to a removed {state} file")
        os.fchmod(descriptor, 0o600)
        t.same(os.fstat(descriptor).st_mode & 0o777, 0o600, f"fchmod of a removed {state} file")
        os.fsync(descriptor)
        t.refuses(errno.ENOENT, f"the name of a removed {state} file", os.stat, state)
        t.refuses(errno.ENOENT, f"linking a removed {state} file", linkat, -100,
                  f"/proc/self/fd/{descriptor}", "back", AT_SYMLINK_FOLLOW)
        # A new file of its name has nothing to do with it.
        write(state, b"another")
        t.same(read(state), b"another", f"a new file of the name of a removed {state} one")
        t.same(os.pread(descriptor, 13, 1000), b"written later", f"the removed {state} one")
        os.close(descriptor)
        t.same(read(state), b"another", "and after the removed one was closed")


def while_others_have_it(t):
    write("shared", b"0123456789")
    descriptor = os.open("shared", os.O_RDWR)
    os.unlink("shared")

    def other():
        os.pwrite(descriptor, b"child", 0)
        return os.pread(descriptor, 10, 0)
    t.same(in_child(other), b"child56789", "what a child does with an inherited removed file")
    t.same(os.pread(descriptor, 10, 0), b"child56789", "seen by the parent")
    again = os.open(f"/proc/self/fd/{descriptor}", os.O_RDONLY)
    t.same(os.read(again, 10), b"child56789", "a removed file opened by way of /proc")
    os.close(again)
    memory = mmap.mmap(descriptor, 10)
    os.close(descriptor)
    memory[0:1] = b"C"
    t.same(memory[:], b"Child56789", "a removed file that is only mapped")
    memory.close()


def replaced_while_open(t):
    write("name", b"old content")
    old = os.open("name", os.O_RDWR)
    write("temporary", b"new")
    os.rename("temporary", "name")
    t.same(read("name"), b"new", "the name after a replacement")
    t.same(os.pread(old, 20, 0), b"old content", "what was open before it")
    t.same(os.fstat(old).st_nlink, 0, "links of what was replaced")
    os.pwrite(old, b"OLD", 0)
    t.same(read("name"), b"new", "the name after a write to what was replaced")
    os.close(old)
    t.same(read("name"), b"new", "the name after what was replaced is closed")


def no_trace_of_the_open(t):
    os.mkdir("d")
    write("d/file")
    descriptor = os.open("d/file", os.O_RDWR)
    os.unlink("d/file")
    t.same(os.listdir("d"), [], "a directory whose open file was removed")
    t.allows("rmdir of it", os.rmdir, "d")
    os.write(descriptor, b"still")
    t.same(os.pread(descriptor, 5, 0), b"still", "a file whose directory is gone")
    os.close(descriptor)


CASES = [removes, again_and_again, while_open, while_others_have_it, replaced_while_open,
         no_trace_of_the_open]
