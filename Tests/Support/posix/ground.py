"""What a case stands on: a directory of its own, identities to act as, and the record of what it
found. Nothing here knows what is being tested."""
import errno
import os
import pickle
import signal
import socket
import stat

import traceback

# A case that takes longer hangs, or the filesystem does. In seconds.
CASE_LIMIT = 60

KINDS = ["file", "directory", "symlink", "fifo", "socket", "block", "character"]
OTHER_THAN_DIRECTORY = [kind for kind in KINDS if kind != "directory"]
# Those that have a mode of their own.
WITH_MODE = [kind for kind in KINDS if kind != "symlink"]
FORMATS = {
    "file": stat.S_IFREG, "directory": stat.S_IFDIR, "symlink": stat.S_IFLNK,
    "fifo": stat.S_IFIFO, "socket": stat.S_IFSOCK, "block": stat.S_IFBLK,
    "character": stat.S_IFCHR,
}
DEVICE = os.makedev(7, 200)


class Absent:
    """What stands for the value of a call that failed."""

    def __getattr__(self, name):
        raise AttributeError("the call that should have given this failed")


def make(kind, name, mode=0o644):
    """Makes a thing of a kind; a file has its name as content."""
    if kind == "file":
        write(name, os.fsencode(os.path.basename(name)))
        os.chmod(name, mode)
    elif kind == "directory":
        os.mkdir(name)
        os.chmod(name, mode | (mode & 0o444) >> 2)
    elif kind == "symlink":
        os.symlink("target of " + os.path.basename(name), name)
    elif kind in ("block", "character"):
        os.mknod(name, FORMATS[kind] | mode, DEVICE)
    else:
        os.mknod(name, FORMATS[kind] | mode)


def remove(name):
    if stat.S_ISDIR(os.lstat(name).st_mode):
        os.rmdir(name)
    else:
        os.unlink(name)


def write(name, content=b"x", flags=0):
    descriptor = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | flags, 0o644)
    try:
        os.write(descriptor, content)
    finally:
        os.close(descriptor)


def read(name):
    with open(name, "rb") as file:
        return file.read()


def mode_of(name):
    return stat.S_IMODE(os.lstat(name).st_mode)


def identity(name):
    """What tells one thing from another, wherever it is: kind, inode and device number."""
    info = os.lstat(name)
    return stat.S_IFMT(info.st_mode), info.st_ino, info.st_rdev


def exists(name):
    return os.path.lexists(name)


def in_child(function, *arguments, before=lambda: None, **keywords):
    """Calls a function in a child process: its value, or the OSError it raised."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        status = 1
        try:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, signal.SIG_DFL)
            os.close(reader)
            before()
            try:
                answer = ("value", function(*arguments, **keywords))
            except OSError as error:
                answer = ("error", error.errno)
            except BaseException:
                answer = ("broken", traceback.format_exc())
            os.write(writer, pickle.dumps(answer))
            status = 0
        finally:
            os._exit(status)
    os.close(writer)
    try:
        with open(reader, "rb") as pipe:
            text = pipe.read()
    except BaseException:
        os.kill(child, signal.SIGKILL)
        raise
    finally:
        os.waitpid(child, 0)
    kind, value = pickle.loads(text) if text else ("broken", "the child died")
    if kind == "error":
        raise OSError(value, os.strerror(value))
    if kind == "broken":
        raise RuntimeError(value)
    return value


class User:
    """Somebody to act as. `user(os.mkdir)` is os.mkdir called by that user."""

    def __init__(self, uid, gid=None, groups=(), umask=0):
        self.uid, self.gid = uid, uid if gid is None else gid
        self.groups, self.umask = list(groups), umask

    def become(self):
        os.setgroups(self.groups)
        os.setresgid(self.gid, self.gid, self.gid)
        os.setresuid(self.uid, self.uid, self.uid)
        os.umask(self.umask)

    def __call__(self, function):
        def acted(*arguments, **keywords):
            return in_child(function, *arguments, before=self.become, **keywords)
        return acted


# Numbers that own nothing on any system; 65534 is nobody's.
OWNER, OTHER = User(61001), User(61002)
# Primary group of nobody, member of OWNER's group.
MEMBER = User(61003, 61003, [61001, 61004])


class Overdue(Exception):
    pass


class Ground:
    """One case's directory, which is the working directory meanwhile, and its record."""

    def __init__(self, label, settle):
        self.label = label
        self.settle = settle
        self.passed, self.failures = 0, []

    def check(self, holds, what, found=""):
        if holds:
            self.passed += 1
        else:
            self.failures.append(f"{self.label}: {what}" + (f": {found}" if found else ""))

    def same(self, found, wanted, what):
        self.check(found == wanted, what, f"found {shown(found)}, wanted {shown(wanted)}")

    def refuses(self, code, what, function, *arguments, **keywords):
        """The call fails with the error, or one of several that POSIX leaves the choice of."""
        codes = code if isinstance(code, tuple) else (code,)
        wanted = " or ".join(errno.errorcode[c] for c in codes)
        try:
            function(*arguments, **keywords)
        except OSError as error:
            found = errno.errorcode.get(error.errno, error.errno)
            self.check(error.errno in codes, what, f"found {found}, wanted {wanted}")
        else:
            self.check(False, what, f"succeeded, wanted {wanted}")

    def allows(self, what, function, *arguments, **keywords):
        """The call succeeds; its value."""
        try:
            value = function(*arguments, **keywords)
        except OSError as error:
            self.check(False, what, f"found {errno.errorcode.get(error.errno, error.errno)}")
            return Absent()
        self.passed += 1
        return value

    def run(self, case):
        """Runs a case; one that raises or hangs has failed."""
        def overdue(*_):
            raise Overdue(f"not done after {CASE_LIMIT} seconds")
        signal.signal(signal.SIGALRM, overdue)
        signal.setitimer(signal.ITIMER_REAL, CASE_LIMIT)
        try:
            case(self)
        except Exception as error:
            frames = traceback.extract_tb(error.__traceback__)
            ours = [f for f in frames if os.path.basename(f.filename) not in ("ground.py",)]
            frame = (ours or frames)[-1]
            place = f"{os.path.basename(frame.filename)}:{frame.lineno}"
            self.check(False, f"stopped at {place}: {type(error).__name__}: {error}")
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)


def shown(value):
    text = oct(value) if isinstance(value, Octal) else repr(value)
    return text if len(text) < 200 else text[:200] + "…"


class Octal(int):
    """A number that a report shows in octal."""


def bind_socket(name):
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(name)


