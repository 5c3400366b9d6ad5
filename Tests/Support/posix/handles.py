"""name_to_handle_at(2) and open_by_handle_at(2), which NFS servers and backups live by."""
import errno
import os
import stat
import time

from ground import KINDS, OTHER, make, read, write
from kernel import AT_SYMLINK_FOLLOW, name_to_handle, open_by_handle


def opened(handle, flags=os.O_RDONLY):
    mount = os.open(".", os.O_RDONLY | os.O_DIRECTORY)
    try:
        return open_by_handle(mount, handle, flags)
    finally:
        os.close(mount)


def status(handle, flags=os.O_PATH):
    descriptor = opened(handle, flags)
    try:
        return os.fstat(descriptor)
    finally:
        os.close(descriptor)


def every_kind(t):
    handles = {}
    for kind in KINDS:
        make(kind, kind)
        handles[kind] = t.allows(f"handle of a {kind}", name_to_handle, kind)
        t.same(name_to_handle(kind), handles[kind], f"handle of a {kind}, asked for again")
    t.same(len(set(handles.values())), len(KINDS), "handles of different things")
    for kind in KINDS:
        info = t.allows(f"a {kind} by its handle", status, handles[kind])
        t.same((info.st_ino, stat.S_IFMT(info.st_mode)),
               (os.lstat(kind).st_ino, stat.S_IFMT(os.lstat(kind).st_mode)), f"which {kind}")
    os.symlink("file", "to-file")
    t.same(name_to_handle("to-file", AT_SYMLINK_FOLLOW), handles["file"], "handle by a link")
    t.check(name_to_handle("to-file") != handles["file"], "handle of a link")
    descriptor = os.open("file", os.O_RDONLY)
    t.same(name_to_handle(f"/proc/self/fd/{descriptor}", AT_SYMLINK_FOLLOW), handles["file"],
           "handle by a descriptor")
    os.close(descriptor)


def reading_and_writing(t):
    write("file", b"content")
    handle = name_to_handle("file")
    descriptor = opened(handle, os.O_RDWR)
    t.same(os.read(descriptor, 20), b"content", "read by handle")
    os.pwrite(descriptor, b"C", 0)
    os.close(descriptor)
    t.same(read("file"), b"Content", "written by handle")
    os.mkdir("d")
    write("d/inside", b"in")
    directory = opened(name_to_handle("d"))
    t.same(os.listdir(directory), ["inside"], "listed by handle")
    inner = os.open("inside", os.O_RDONLY, dir_fd=directory)
    t.same(os.read(inner, 9), b"in", "walked on from a handle")
    t.same(os.stat("..", dir_fd=directory).st_ino, os.stat(".").st_ino, ".. of a handle")
    os.close(inner)
    os.close(directory)


def wait_until_gone(handle):
    """A filesystem in user space hears of the last close a moment later, and lives on until then."""
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        try:
            os.close(opened(handle))
        except OSError:
            return
        time.sleep(0.05)


def follows_the_thing(t):
    """A handle is of the thing, whatever its names."""
    os.makedirs("a/b")
    write("a/b/file", b"content")
    t.settle()
    file, directory = name_to_handle("a/b/file"), name_to_handle("a/b")
    os.rename("a/b/file", "moved")
    os.rename("a/b", "b")
    os.rmdir("a")
    t.same(status(file).st_ino, os.stat("moved").st_ino, "a file that moved")
    t.same(status(directory).st_ino, os.stat("b").st_ino, "a directory that moved")
    os.link("moved", "second")
    t.same(name_to_handle("second"), file, "handle by another name")
    os.unlink("moved")
    descriptor = opened(file)
    t.same(os.read(descriptor, 10), b"content", "a file that lost its first name")
    os.unlink("second")
    t.same(status(file).st_nlink, 0, "links of an open file by its handle")
    os.close(descriptor)
    wait_until_gone(file)
    t.refuses(errno.ESTALE, "a file that is gone", opened, file)
    write("moved", b"another")
    t.refuses(errno.ESTALE, "a file that is gone, whose name was taken", opened, file)
    t.check(name_to_handle("moved") != file, "handle of another thing of the name")
    os.rmdir("b")
    t.refuses(errno.ESTALE, "a directory that is gone", opened, directory)
    os.mkdir("b")
    t.refuses(errno.ESTALE, "a directory that is gone, whose name was taken", opened, directory)


def many(t):
    """Numbers are given again; handles must not be."""
    gone = []
    for number in range(200):
        write("file", b"%d" % number)
        gone.append(name_to_handle("file"))
        os.unlink("file")
    t.same(len(set(gone)), 200, "handles of 200 files, one after the other")
    write("file", b"last")
    codes = set()
    for handle in gone:
        try:
            os.close(opened(handle))
            codes.add(0)
        except OSError as error:
            codes.add(error.errno)
    t.same(codes, {errno.ESTALE}, "what handles of removed files open")
    t.same(os.pread(opened(name_to_handle("file")), 9, 0), b"last", "the one that is there")


def refuses(t):
    write("file")
    handle = name_to_handle("file")
    t.refuses(errno.EPERM, "opening by handle without the right to", OTHER(try_open), handle)
    t.refuses(errno.ESTALE, "a handle of nothing", opened, handle[:8] + b"\xee" * (len(handle) - 8))
    t.refuses(errno.ENOTDIR, "a file as a directory", opened, handle,
              os.O_RDONLY | os.O_DIRECTORY)
    t.refuses(errno.ENOENT, "handle of nothing", name_to_handle, "missing")


def try_open(handle):
    os.close(opened(handle))


CASES = [every_kind, reading_and_writing, follows_the_thing, many, refuses]
