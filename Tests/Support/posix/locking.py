"""flock(2), POSIX record locks and OFD locks between processes."""
import errno
import fcntl
import itertools
import os
import struct

from ground import in_child, write

BUSY = (errno.EAGAIN, errno.EACCES)
READ, WRITE, NONE = fcntl.F_RDLCK, fcntl.F_WRLCK, fcntl.F_UNLCK
OFD_GETLK, OFD_SETLK, OFD_SETLKW = fcntl.F_OFD_GETLK, fcntl.F_OFD_SETLK, fcntl.F_OFD_SETLKW
# struct flock of a 64-bit Linux: type, whence, start, length, process.
FORMAT = "hhxxxxqqixxxx"


def record(kind, start=0, length=0, whence=os.SEEK_SET):
    return struct.pack(FORMAT, kind, whence, start, length, 0)


def lock(descriptor, kind, start=0, length=0, command=fcntl.F_SETLK):
    fcntl.fcntl(descriptor, command, record(kind, start, length))


def conflict(descriptor, kind, start=0, length=0, command=fcntl.F_GETLK):
    """(type, start, length, process) of a lock in the way, None when there is none."""
    answer = fcntl.fcntl(descriptor, command, record(kind, start, length))
    found, _, start, length, process = struct.unpack(FORMAT, answer)
    return None if found == NONE else (found, start, length, process)


def opened(flags=os.O_RDWR):
    return os.open("file", flags | os.O_CREAT, 0o644)


class Other:
    """A process that does what it is told, in order, until it is closed."""

    def __init__(self, function):
        orders, self.orders = os.pipe()
        self.reader, answers = os.pipe()
        self.child = os.fork()
        if self.child == 0:
            os.close(self.orders)
            try:
                for value in function():
                    os.write(answers, b"%d\n" % value)
                    if not os.read(orders, 1):
                        break
            finally:
                os._exit(0)
        os.close(orders)
        os.close(answers)

    def answer(self):
        """Waits for the next value that the process yields."""
        text = b""
        while not text.endswith(b"\n"):
            piece = os.read(self.reader, 1)
            if not piece:
                raise RuntimeError("the other process has ended")
            text += piece
        return int(text)

    def go_on(self):
        os.write(self.orders, b"x")

    def close(self):
        os.close(self.orders)
        os.waitpid(self.child, 0)
        os.close(self.reader)


def attempt(function, *arguments):
    try:
        function(*arguments)
        return 0
    except OSError as error:
        return error.errno


def flock_between_processes(t):
    write("file")
    for mine, theirs, allowed in ((fcntl.LOCK_EX, fcntl.LOCK_EX, False),
                                  (fcntl.LOCK_EX, fcntl.LOCK_SH, False),
                                  (fcntl.LOCK_SH, fcntl.LOCK_EX, False),
                                  (fcntl.LOCK_SH, fcntl.LOCK_SH, True)):
        descriptor = opened()
        t.allows("flock", fcntl.flock, descriptor, mine | fcntl.LOCK_NB)
        code = in_child(lambda: attempt(fcntl.flock, opened(), theirs | fcntl.LOCK_NB))
        t.same(code, 0 if allowed else errno.EWOULDBLOCK, f"flock {theirs} beside {mine}")
        fcntl.flock(descriptor, fcntl.LOCK_UN)
        code = in_child(lambda: attempt(fcntl.flock, opened(), theirs | fcntl.LOCK_NB))
        t.same(code, 0, f"flock {theirs} after LOCK_UN")
        os.close(descriptor)
    first, second = opened(os.O_RDONLY), opened()
    fcntl.flock(first, fcntl.LOCK_EX)
    t.refuses(errno.EWOULDBLOCK, "flock by another descriptor of the process", fcntl.flock, second,
              fcntl.LOCK_EX | fcntl.LOCK_NB)
    copy = os.dup(first)
    os.close(first)
    t.refuses(errno.EWOULDBLOCK, "while a duplicate holds it", fcntl.flock, second,
              fcntl.LOCK_EX | fcntl.LOCK_NB)
    t.allows("turning it into a shared one", fcntl.flock, copy, fcntl.LOCK_SH | fcntl.LOCK_NB)
    t.allows("a second shared one", fcntl.flock, second, fcntl.LOCK_SH | fcntl.LOCK_NB)
    t.refuses(errno.EWOULDBLOCK, "turning it into an exclusive one", fcntl.flock, copy,
              fcntl.LOCK_EX | fcntl.LOCK_NB)
    os.close(copy)
    os.close(second)
    t.allows("when all are closed", fcntl.flock, opened(), fcntl.LOCK_EX | fcntl.LOCK_NB)


def flock_waits(t):
    write("file")
    mine = opened()
    fcntl.flock(mine, fcntl.LOCK_EX)

    def waiting():
        yield 1
        descriptor = opened()
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield int(os.pread(descriptor, 10, 0))
    other = Other(waiting)
    other.answer()
    other.go_on()
    os.pwrite(mine, b"42", 0)
    fcntl.flock(mine, fcntl.LOCK_UN)
    t.same(other.answer(), 42, "what one reads who waited for the lock")
    t.refuses(errno.EWOULDBLOCK, "while the other has it", fcntl.flock, mine,
              fcntl.LOCK_SH | fcntl.LOCK_NB)
    os.kill(other.child, 9)
    os.waitpid(other.child, 0)
    t.allows("when the other was killed", fcntl.flock, mine, fcntl.LOCK_SH | fcntl.LOCK_NB)
    os.close(mine)


def counting(t):
    """Many processes add to a number under a lock: nothing is lost."""
    for how in ("flock", "posix", "ofd"):
        write("file", b"0")
        children = []
        for _ in range(6):
            pid = os.fork()
            if pid == 0:
                for _ in range(30):
                    add_one(how)
                os._exit(0)
            children.append(pid)
        for pid in children:
            t.same(os.waitpid(pid, 0)[1], 0, f"a process that counts under {how}")
        with open("file", "rb") as file:
            t.same(int(file.read()), 180, f"the sum of six processes under {how}")


def add_one(how):
    descriptor = opened()
    if how == "flock":
        fcntl.flock(descriptor, fcntl.LOCK_EX)
    else:
        lock(descriptor, WRITE, command=fcntl.F_SETLKW if how == "posix" else OFD_SETLKW)
    number = int(os.pread(descriptor, 10, 0))
    os.pwrite(descriptor, b"%d" % (number + 1), 0)
    os.close(descriptor)


def records(t):
    """Ranges that touch, overlap and lie apart, by both kinds of record locks."""
    write("file", b"x" * 100)
    table = [(0, 0, 0, 0, True), (0, 10, 10, 10, False), (0, 10, 9, 1, True),
             (10, 10, 0, 10, False),
             (10, 10, 5, 6, True), (10, 10, 19, 0, True), (10, 10, 20, 0, False),
             (50, 0, 0, 50, False), (50, 0, 2**40, 1, True), (2**40, 1, 0, 0, True)]
    commands = {"POSIX": (fcntl.F_SETLK, fcntl.F_GETLK), "OFD": (OFD_SETLK, OFD_GETLK)}
    for mine, (set_mine, _) in commands.items():
        for theirs, (set_theirs, get_theirs) in commands.items():
            for start, length, other_start, other_length, overlaps in table:
                for kind, other_kind in itertools.product((WRITE, READ), repeat=2):
                    descriptor = opened()
                    lock(descriptor, kind, start, length, set_mine)

                    def other():
                        another = opened()
                        place = (other_kind, other_start, other_length)
                        return (conflict(another, *place, get_theirs),
                                attempt(lock, another, *place, set_theirs))
                    found, code = in_child(other)
                    clash = overlaps and WRITE in (kind, other_kind)
                    text = (f"{theirs} {other_kind} at {other_start}+{other_length} beside {mine}"
                            f" {kind} at {start}+{length}")
                    process = os.getpid() if mine == "POSIX" else -1
                    t.same(found, (kind, start, length, process) if clash else None,
                           f"what is in the way of {text}")
                    t.check(code in BUSY if clash else code == 0, text, code)
                    os.close(descriptor)


def posix_locks(t):
    """They are the process's: any close ends them, a child has none, they join and split."""
    write("file", b"x" * 100)
    first, second = opened(), opened()
    lock(first, WRITE)
    t.allows("by another descriptor of the process", lock, second, WRITE)
    t.check(in_child(lambda: attempt(lock, first, WRITE)) in BUSY, "a child inherits no lock")
    os.close(second)
    t.same(in_child(lambda: attempt(lock, first, WRITE)), 0, "closing any descriptor ends them")
    lock(first, WRITE, 0, 10)
    lock(first, WRITE, 20, 10)
    lock(first, WRITE, 10, 10)
    pid = os.getpid()
    t.same(in_child(lambda: conflict(first, WRITE)), (WRITE, 0, 30, pid), "three that have joined")
    lock(first, NONE, 5, 5)
    t.same(in_child(lambda: conflict(first, WRITE)), (WRITE, 0, 5, pid), "the first of two parts")
    t.same(in_child(lambda: conflict(first, WRITE, 5)), (WRITE, 10, 20, pid), "the second of them")
    t.same(in_child(lambda: conflict(first, WRITE, 5, 5)), None, "between them")
    lock(first, READ, 15, 5)
    t.same(in_child(lambda: conflict(first, READ, 15)), (WRITE, 20, 10, pid),
           "a part turned shared")
    t.same(conflict(first, WRITE), None, "one's own locks are in nobody's way")
    lock(first, NONE)
    t.same(in_child(lambda: conflict(first, WRITE)), None, "when all is unlocked")
    fcntl.fcntl(first, fcntl.F_SETLK, record(WRITE, -10, 5, os.SEEK_END))
    t.same(in_child(lambda: conflict(first, WRITE)), (WRITE, 90, 5, pid), "counted from the end")
    fcntl.fcntl(first, fcntl.F_SETLK, record(NONE))
    fcntl.fcntl(first, fcntl.F_SETLK, record(WRITE, 50, -20))
    t.same(in_child(lambda: conflict(first, WRITE)), (WRITE, 30, 20, pid), "of negative length")
    os.close(first)
    reader, writer = opened(os.O_RDONLY), opened(os.O_WRONLY)
    t.refuses(errno.EBADF, "a lock for writing, open for reading", lock, reader, WRITE)
    t.refuses(errno.EBADF, "a lock for reading, open for writing", lock, writer, READ)
    t.refuses(errno.EINVAL, "a lock before the start", lock, reader, READ, -5, 1)
    os.close(reader)
    os.close(writer)


def ofd_locks(t):
    """They are the open file's: another descriptor clashes, a child shares them."""
    write("file", b"x" * 100)
    first, second = opened(), opened()
    lock(first, WRITE, 0, 10, OFD_SETLK)
    t.refuses(BUSY, "by another descriptor of the process", lock, second, WRITE, 5, 1, OFD_SETLK)
    t.refuses(BUSY, "a POSIX lock of the process", lock, second, WRITE, 5, 1)
    t.same(conflict(second, READ, 0, 0, OFD_GETLK), (WRITE, 0, 10, -1), "what is in the way")
    t.same(in_child(lambda: attempt(lock, first, READ, 0, 10, OFD_SETLK)), 0, "a child shares it")
    t.allows("another may share it then", lock, second, READ, 0, 10, OFD_SETLK)
    copy = os.dup(first)
    os.close(first)
    t.refuses(BUSY, "while a duplicate holds it", lock, second, WRITE, 0, 10, OFD_SETLK)
    os.close(copy)
    t.allows("when that is closed", lock, second, WRITE, 0, 10, OFD_SETLK)
    fcntl.flock(first := opened(), fcntl.LOCK_EX)
    t.same(in_child(lambda: conflict(opened(), WRITE)), (WRITE, 0, 10, -1), "beside flock")
    os.close(first)
    os.close(second)


def waiting_and_deadlock(t):
    write("file", b"x" * 100)
    mine = opened()
    for command in (fcntl.F_SETLKW, OFD_SETLKW):
        lock(mine, WRITE, 0, 10)

        def waits():
            descriptor = opened()
            yield 1
            lock(descriptor, WRITE, 5, 1, command)
            yield 2
        other = Other(waits)
        other.answer()
        other.go_on()
        lock(mine, NONE, 0, 10)
        t.same(other.answer(), 2, "one who waited has the lock")
        t.check(attempt(lock, mine, WRITE, 0, 10) in BUSY, "and nobody else")
        other.close()
        t.same(attempt(lock, mine, WRITE, 0, 10), 0, "until it ends")
        lock(mine, NONE)

    def second():
        descriptor = opened()
        lock(descriptor, WRITE, 10, 10)
        yield 1
        code = attempt(lock, descriptor, WRITE, 0, 10, fcntl.F_SETLKW)
        if code:
            lock(descriptor, NONE)
        yield code
    lock(mine, WRITE, 0, 10)
    other = Other(second)
    other.answer()
    other.go_on()
    # Whoever comes second is refused; the first gets what that one has, when it lets go.
    code = attempt(lock, mine, WRITE, 10, 10, fcntl.F_SETLKW)
    if code:
        lock(mine, NONE)
    t.same(sorted([code, other.answer()]), [0, errno.EDEADLK], "two that wait for each other")
    other.close()
    os.close(mine)


CASES = [flock_between_processes, flock_waits, counting, records, posix_locks, ofd_locks,
         waiting_and_deadlock]
