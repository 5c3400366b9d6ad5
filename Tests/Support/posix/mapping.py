"""mmap(2): shared mappings, read and write of one file, by one process and several."""
import errno
import mmap
import os
import signal

from ground import in_child, read, write
from things import STATES, Exhibits

PAGE = mmap.PAGESIZE
SIZE = 5 * PAGE + 100


def mapped(name, flags=mmap.MAP_SHARED, protection=mmap.PROT_READ | mmap.PROT_WRITE, size=SIZE):
    descriptor = os.open(name, os.O_RDWR)
    memory = mmap.mmap(descriptor, size, flags, protection)
    os.close(descriptor)
    return memory


def content(letter=b"a"):
    return letter * SIZE


def with_read_and_write(t):
    write("file", content())
    memory = mapped("file")
    t.same(memory[:], content(), "what is mapped")
    for offset in (0, 1, PAGE - 3, PAGE, 3 * PAGE + 17, SIZE - 7):
        memory[offset:offset + 7] = b"MAPPED!"
        t.same(pread("file", offset, 7), b"MAPPED!", f"mapped write at {offset}, read")
        pwrite("file", offset, b"WRITTEN")
        t.same(memory[offset:offset + 7], b"WRITTEN", f"write at {offset}, mapped read")
    memory[10:20] = b"0123456789"
    pwrite("file", 15, b"xyz")
    t.same(memory[10:20], b"01234xyz89", "a write into what was written by mapping, mapped")
    t.same(read("file")[10:20], b"01234xyz89", "a write into what was written by mapping")
    memory.flush()
    memory.close()
    t.same(read("file")[10:20], b"01234xyz89", "after msync and munmap")
    t.same(os.stat("file").st_size, SIZE, "size of a file that was mapped")


def pread(name, offset, count):
    descriptor = os.open(name, os.O_RDONLY)
    try:
        return os.pread(descriptor, count, offset)
    finally:
        os.close(descriptor)


def pwrite(name, offset, text):
    descriptor = os.open(name, os.O_WRONLY)
    try:
        os.pwrite(descriptor, text, offset)
    finally:
        os.close(descriptor)


def every_state(t):
    exhibits = Exhibits(t.settle)
    for state in STATES:
        if state != "empty file":
            exhibits.add(state, state.split()[0])
    exhibits.ready()
    for state in STATES:
        if state == "empty file":
            continue
        name = state.split()[0]
        wanted = bytearray(read(name))
        memory = mapped(name, size=len(wanted))
        t.check(memory[:] == bytes(wanted), f"a mapped {state}")
        for offset in (0, PAGE + 5, len(wanted) - 4):
            memory[offset:offset + 4] = b"mmap"
            wanted[offset:offset + 4] = b"mmap"
        memory.close()
        t.check(read(name) == bytes(wanted), f"a {state} written by mapping")
        os.sync()
    exhibits.close()
    t.settle()
    for state in STATES:
        if state != "empty file":
            t.same(read(state.split()[0])[:4], b"mmap", f"a {state} written by mapping and back")


def two_mappings(t):
    write("file", content())
    os.link("file", "second")
    one, two = mapped("file"), mapped("second")
    one[100:103] = b"one"
    t.same(two[100:103], b"one", "seen by the other mapping")
    two[101:104] = b"two"
    t.same(one[100:104], b"otwo", "and back")

    def child():
        two[200:205] = b"child"
        return one[100:104]
    t.same(in_child(child), b"otwo", "seen by a child")
    t.same(one[200:205], b"child", "written by a child")

    def stranger():
        memory = mapped("file")
        memory[300:308] = b"stranger"
        return memory[200:205]
    t.same(in_child(stranger), b"child", "seen by who maps anew")
    t.same(one[300:308], b"stranger", "written by who maps anew")
    private = mapped("file", mmap.MAP_PRIVATE)
    private[0:7] = b"private"
    t.same((one[0:7], pread("file", 0, 7)), (b"a" * 7, b"a" * 7), "a private mapping stays private")
    for memory in (one, two, private):
        memory.close()


def ends(t):
    """The last page is filled with zeros; what lies behind it is nobody's."""
    write("file", b"a" * 6 * PAGE)
    memory = mapped("file", size=6 * PAGE)
    os.truncate("file", SIZE)
    t.same(memory[SIZE:6 * PAGE], b"\0" * (6 * PAGE - SIZE), "behind the end, in the last page")
    memory[SIZE:SIZE + 4] = b"lost"
    memory.flush()
    t.same(os.stat("file").st_size, SIZE, "size after a write behind the end")
    t.same(pread("file", SIZE - 2, 100), b"aa", "read at the end")
    os.truncate("file", SIZE + 50)
    t.same(pread("file", SIZE, 50), b"\0" * 50, "what growth uncovers")
    os.truncate("file", PAGE + 10)
    t.same(memory[PAGE:2 * PAGE], b"a" * 10 + b"\0" * (PAGE - 10), "the last page after a cut")
    t.same(killed_by(lambda: memory[3 * PAGE]), signal.SIGBUS, "reading behind the last page")
    os.truncate("file", 6 * PAGE)
    t.same(memory[PAGE:2 * PAGE], b"a" * 10 + b"\0" * (PAGE - 10), "the page after growth")
    t.same(memory[3 * PAGE], 0, "a page that is there again")
    memory[3 * PAGE] = 7
    t.same(pread("file", 3 * PAGE, 1), b"\x07", "written to a page that is there again")
    memory.close()


def killed_by(function):
    child = os.fork()
    if child == 0:
        signal.alarm(0)
        function()
        os._exit(0)
    status = os.waitpid(child, 0)[1]
    return os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0


def rights(t):
    write("file", content())
    descriptor = os.open("file", os.O_RDONLY)
    t.refuses(errno.EACCES, "mapping for writing, open for reading", mmap.mmap, descriptor, SIZE,
              mmap.MAP_SHARED, mmap.PROT_READ | mmap.PROT_WRITE)
    private = t.allows("a private mapping of it", mmap.mmap, descriptor, SIZE, mmap.MAP_PRIVATE,
                       mmap.PROT_READ | mmap.PROT_WRITE)
    private[0:1] = b"Z"
    private.close()
    shared = t.allows("a shared mapping for reading", mmap.mmap, descriptor, SIZE, mmap.MAP_SHARED,
                      mmap.PROT_READ)
    os.close(descriptor)
    t.same(shared[:3], b"aaa", "a mapping outlives its descriptor")
    os.unlink("file")
    t.same(shared[3 * PAGE:3 * PAGE + 3], b"aaa", "and the file's name")
    shared.close()
    write("file", content())
    descriptor = os.open("file", os.O_WRONLY)
    t.refuses(errno.EACCES, "mapping what is open for writing alone", mmap.mmap, descriptor, SIZE,
              mmap.MAP_SHARED, mmap.PROT_WRITE)
    os.close(descriptor)


def changes_beside(t):
    """A mapping follows whatever else changes the file."""
    write("file", content())
    memory = mapped("file")
    append = os.open("file", os.O_WRONLY | os.O_APPEND)
    os.write(append, b"more")
    t.same(pread("file", SIZE - 1, 10), b"amore", "an append to a mapped file")
    os.close(append)
    with open("other", "wb") as file:
        file.write(content(b"b"))
    with open("other", "rb") as source, open("file", "r+b") as target:
        os.copy_file_range(source.fileno(), target.fileno(), 2 * PAGE, 0, PAGE)
    t.check(memory[PAGE:3 * PAGE] == b"b" * 2 * PAGE, "a copy into a mapped file")
    os.truncate("file", 0)
    pwrite("file", 0, content(b"c"))
    t.check(memory[:] == content(b"c"), "a mapped file that was cut and written anew")
    os.rename("other", "file")
    t.check(memory[:] == content(b"c"), "a mapped file that was replaced")
    memory[0:1] = b"!"
    t.same(read("file")[:1], b"b", "a write to it leaves what replaced it")
    memory.close()
    # O_DIRECT sees what was written by mapping, and the mapping what O_DIRECT wrote.
    write("direct", b"a" * 4 * PAGE)
    memory = mapped("direct", size=4 * PAGE)
    memory[PAGE:PAGE + 5] = b"mmap!"
    memory.flush()
    buffer = mmap.mmap(-1, PAGE)
    descriptor = os.open("direct", os.O_RDWR | os.O_DIRECT)
    os.preadv(descriptor, [buffer], PAGE)
    t.same(buffer[:5], b"mmap!", "O_DIRECT after msync")
    buffer[:5] = b"DIRCT"
    os.pwritev(descriptor, [buffer], 2 * PAGE)
    t.same(memory[2 * PAGE:2 * PAGE + 5], b"DIRCT", "a mapping after O_DIRECT")
    os.close(descriptor)
    memory.close()


def of_an_appending_descriptor(t):
    """A page lies where it lies, also when the descriptor that it was mapped through appends."""
    write("file", content())
    descriptor = os.open("file", os.O_RDWR | os.O_APPEND)
    memory = mmap.mmap(descriptor, SIZE, mmap.MAP_SHARED, mmap.PROT_READ | mmap.PROT_WRITE)
    memory[PAGE:PAGE + 4] = b"page"
    memory.flush()
    memory.close()
    os.write(descriptor, b"more")
    os.close(descriptor)
    t.settle()
    wanted = bytearray(content()) + b"more"
    wanted[PAGE:PAGE + 4] = b"page"
    t.check(read("file") == bytes(wanted), "a page written by mapping, then an append")


def time_of_change(t):
    write("file", content())
    os.utime("file", ns=(10**18, 10**18))
    memory = mapped("file")
    memory[0:1] = b"!"
    memory.flush()
    memory.close()
    t.check(os.stat("file").st_mtime_ns > 10**18, "mtime after a write by mapping and msync")


CASES = [with_read_and_write, every_state, two_mappings, ends, rights, changes_beside,
         of_an_appending_descriptor, time_of_change]
