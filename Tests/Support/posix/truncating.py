"""truncate(2), ftruncate(2) and what is written behind the end."""
import errno
import os
import resource
import signal

from ground import KINDS, OTHER, OWNER, exists, in_child, make, read, write
from kernel import NOWHERE, c_int, c_long, c_path, call
from things import STATES, Exhibits, change

SIZES = [0, 1, 511, 512, 513, 4095, 4096, 4097, 9_998, 9_999, 10_000, 65_535, 65_536, 131_073,
         1_048_575, 1_048_577]
# Far beyond what fits on any disk here, within what every filesystem's files may have.
VAST = 1 << 40


def by_descriptor(name, size):
    descriptor = os.open(name, os.O_WRONLY)
    try:
        os.ftruncate(descriptor, size)
    finally:
        os.close(descriptor)


CALLS = {"truncate": os.truncate, "ftruncate": by_descriptor}


def every_size(t):
    exhibits = Exhibits(t.settle)
    for what in CALLS:
        for state in STATES:
            for size in SIZES:
                exhibits.add(state, name_of(what, state, size))
    exhibits.ready()
    for what, function in CALLS.items():
        for state in STATES:
            for size in SIZES:
                name = name_of(what, state, size)
                before = read(name)
                t.allows(f"{what} of a {state} to {size}", function, name, size)
                wanted = before[:size] + b"\0" * (size - len(before))
                t.same(os.stat(name).st_size, size, f"size of a {state} after {what} to {size}")
                t.check(read(name) == wanted, f"content of a {state} after {what} to {size}")
    exhibits.close()
    t.settle()
    for state in STATES:
        for size in SIZES:
            name = name_of("truncate", state, size)
            t.same(os.stat(name).st_size, size, f"size of a {state} cut to {size}, written back")
            os.unlink(name)
            os.unlink(name_of("ftruncate", state, size))


def name_of(what, state, size):
    return f"{what}-{state.split()[0]}-{size}"


def cut_and_grown(t):
    """What was cut off never shows again."""
    for state in ("new", "settled", "changed"):
        for cut in (0, 1, 100, 4_096, 5_000):
            write(f"{state}{cut}", b"\xaa" * 10_000)
    t.settle()
    for state in ("new", "settled", "changed"):
        for cut in (0, 1, 100, 4_096, 5_000):
            name = f"{state}{cut}"
            if state == "new":
                os.unlink(name)
                write(name, b"\xaa" * 10_000)
            if state == "changed":
                change(name)
            before = read(name)
            with open(name, "r+b", buffering=0) as file:
                file.truncate(cut)
                file.truncate(20_000)
                wanted = before[:cut] + b"\0" * (20_000 - cut)
                t.check(os.pread(file.fileno(), 30_000, 0) == wanted, f"{state}, cut to {cut}")
                os.pwrite(file.fileno(), b"behind", 30_000)
            wanted += b"\0" * 10_000 + b"behind"
            t.check(read(name) == wanted, f"{state}, cut to {cut}, written far behind the end")
    t.settle()
    for cut in (0, 1, 100, 4_096, 5_000):
        content = read(f"settled{cut}")
        t.check(content == b"\xaa" * cut + b"\0" * (30_000 - cut) + b"behind",
                f"cut to {cut} and grown, written back")


def vast(t):
    write("vast", b"start")
    descriptor = os.open("vast", os.O_RDWR)
    try:
        t.allows("growth to a tebibyte", os.truncate, "vast", VAST)
        t.same(os.stat("vast").st_size, VAST, "size of a sparse file")
        t.check(os.stat("vast").st_blocks < 2048, "a sparse file takes no room",
                os.stat("vast").st_blocks)
    finally:
        # It goes whatever happens: nobody wants to upload it.
        os.unlink("vast")
    for offset in (5, 1 << 20, 1 << 31, (1 << 32) - 3, VAST - 10):
        t.same(os.pread(descriptor, 10, offset), b"\0" * 10, f"zeros at {offset}")
    for offset in (1 << 31, (1 << 32) - 3, VAST - 10):
        os.pwrite(descriptor, b"island", offset)
        t.same(os.pread(descriptor, 8, offset - 1), b"\0island\0", f"an island at {offset}")
    os.ftruncate(descriptor, 5)
    t.same(os.pread(descriptor, 10, 0), b"start", "what is left of it")
    os.close(descriptor)
    write("large", b"x")
    try:
        os.truncate("large", 3 << 30)
        t.same(os.stat("large").st_size, 3 << 30, "size of a file beyond 2 GiB")
        os.truncate("large", (3 << 30) + 1)
        t.same(os.stat("large").st_size, (3 << 30) + 1, "and a byte more")
    finally:
        os.unlink("large")


def limits(t):
    write("file", b"content")
    for what, function in CALLS.items():
        t.refuses(errno.EINVAL, f"{what} to less than nothing", function, "file", -1)
        t.refuses(errno.EFBIG, f"{what} to the largest number", function, "file", 2**63 - 1)
        t.same(read("file"), b"content", f"after a refused {what}")
    descriptor = os.open("file", os.O_RDWR)
    t.refuses((errno.EFBIG, errno.EINVAL), "pwrite at the largest offset", call, "pwrite",
              descriptor, b"x", 1, 2**63 - 1, types=[c_int, c_path, c_long, c_long])
    os.close(descriptor)

    def limited():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))
        codes = []
        for attempt in (lambda: os.truncate("file", 101), lambda: append("file", 101)):
            try:
                attempt()
                codes.append(0)
            except OSError as error:
                codes.append(error.errno)
        os.truncate("file", 100)
        return codes
    t.same(in_child(limited), [errno.EFBIG, errno.EFBIG], "RLIMIT_FSIZE")
    t.same(os.stat("file").st_size, 100, "up to the limit it goes")


def append(name, offset):
    descriptor = os.open(name, os.O_WRONLY)
    try:
        os.pwrite(descriptor, b"x", offset)
    finally:
        os.close(descriptor)


def refuses(t):
    for kind in KINDS:
        make(kind, kind)
    for kind, code in (("directory", errno.EISDIR), ("fifo", errno.EINVAL),
                       ("socket", errno.EINVAL), ("symlink", errno.ENOENT)):
        t.refuses(code, f"truncate of a {kind}", os.truncate, kind, 0)
    for name, code in (("missing", errno.ENOENT), ("", errno.ENOENT), ("file/x", errno.ENOTDIR),
                       ("file/", errno.ENOTDIR)):
        t.refuses(code, f"truncate of {name!r}", os.truncate, name, 0)
    t.refuses(errno.EFAULT, "truncate of a bad address", call, "truncate", NOWHERE, 0)
    descriptor = os.open("file", os.O_RDONLY)
    t.refuses(errno.EINVAL, "ftruncate of what is open for reading", os.ftruncate, descriptor, 0)
    os.close(descriptor)
    os.chown("file", OWNER.uid, OWNER.gid)
    os.chmod("file", 0o644)
    t.refuses(errno.EACCES, "truncate by who may not write", OTHER(os.truncate), "file", 0)
    os.chmod("file", 0o444)
    t.refuses(errno.EACCES, "truncate by an owner who may not write", OWNER(os.truncate), "file", 0)
    t.same(read("file"), b"file", "nothing was cut")
    os.symlink("file", "link")
    os.truncate("link", 2)
    t.same(read("file"), b"fi", "truncate by a link")
    t.check(not exists("missing"), "truncate makes nothing")


def running(t):
    """A program that runs is not to be written."""
    write("program", read("/bin/sleep"))
    os.chmod("program", 0o755)
    child = os.fork()
    if child == 0:
        os.execv("program", ["program", "600"])
    path = os.path.realpath("program")
    while os.path.realpath(f"/proc/{child}/exe") != path:
        pass
    try:
        t.refuses(errno.ETXTBSY, "truncate of a running program", os.truncate, "program", 0)
        t.refuses(errno.ETXTBSY, "opening a running program for writing", os.open, "program",
                  os.O_WRONLY)
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
    t.allows("truncate once it has ended", os.truncate, "program", 0)


CASES = [every_size, cut_and_grown, vast, limits, refuses, running]
