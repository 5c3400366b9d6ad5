"""mknod(2) and mkfifo(3): FIFOs, sockets, device nodes, and regular files."""
import errno
import os
import socket
import stat

from ground import FORMATS, KINDS, MEMBER, OTHER, OWNER, exists, identity, in_child, make
from kernel import NOWHERE, call

DEVICES = [(0, 0), (1, 3), (1, 8), (8, 0), (8, 17), (255, 255), (4095, 0), (259, 4096),
           (4095, 1048575)]


def plain(t):
    for kind in ("file", "fifo", "socket"):
        for mode in (0, 0o400, 0o600, 0o644, 0o755, 0o777, 0o4755, 0o1777):
            name = f"{kind}{mode:o}"
            t.allows(f"mknod of a {kind}", os.mknod, name, FORMATS[kind] | mode)
            info = os.lstat(name)
            t.same(oct(info.st_mode), oct(FORMATS[kind] | mode), f"mode of a {kind}")
            t.same((info.st_nlink, info.st_size, info.st_rdev), (1, 0, 0),
                   f"links, size and device of a {kind}")
    for mask in (0o022, 0o077, 0o777):
        os.umask(mask)
        for kind in ("file", "fifo", "socket"):
            os.mknod(f"{kind}-under{mask:o}", FORMATS[kind] | 0o777)
        os.mkfifo(f"made-under{mask:o}", 0o666)
        os.umask(0)
        for kind in ("file", "fifo", "socket"):
            t.same(stat.S_IMODE(os.lstat(f"{kind}-under{mask:o}").st_mode), 0o777 & ~mask,
                   f"mknod of a {kind} under umask {mask:o}")
        t.same(os.lstat(f"made-under{mask:o}").st_mode, stat.S_IFIFO | 0o666 & ~mask,
               f"mkfifo under umask {mask:o}")
    os.mknod("default", 0o640)
    t.check(stat.S_ISREG(os.lstat("default").st_mode), "mknod without a kind makes a file")


def devices(t):
    for kind in ("block", "character"):
        for major, minor in DEVICES:
            if kind == "character" and (major, minor) == (0, 0):
                continue  # A whiteout, which overlayfs alone has a use for.
            name = f"{kind}-{major}-{minor}"
            t.allows(f"mknod of {name}", os.mknod, name, FORMATS[kind] | 0o660,
                     os.makedev(major, minor))
            info = os.lstat(name)
            t.same(oct(info.st_mode), oct(FORMATS[kind] | 0o660), f"mode of {name}")
            t.same((os.major(info.st_rdev), os.minor(info.st_rdev)), (major, minor),
                   f"number of {name}")
    t.settle()
    for kind in ("block", "character"):
        info = os.lstat(f"{kind}-8-17")
        t.same((os.major(info.st_rdev), os.minor(info.st_rdev)), (8, 17), "after writing back")
    os.mkdir("open")
    os.chmod("open", 0o777)
    for kind in ("block", "character"):
        t.refuses(errno.EPERM, f"mknod of a {kind} device by anybody", OWNER(os.mknod),
                  f"open/{kind}", FORMATS[kind] | 0o600, os.makedev(1, 3))
        t.check(not exists(f"open/{kind}"), f"the {kind} device is not there")


def owner(t):
    os.mkdir("open")
    os.chmod("open", 0o777)
    os.mkdir("inherits")
    os.chown("inherits", 0, 61004)
    os.chmod("inherits", 0o2777)
    for kind in ("file", "fifo", "socket"):
        for user in (OWNER, OTHER, MEMBER):
            for directory, group in (("open", user.gid), ("inherits", 61004)):
                name = f"{directory}/{kind}{user.uid}"
                user(os.mknod)(name, FORMATS[kind] | 0o640)
                info = os.lstat(name)
                t.same((info.st_uid, info.st_gid), (user.uid, group), f"owner of {name}")


def refuses(t):
    for kind in KINDS:
        make(kind, kind)
    os.symlink("nowhere", "dangling")
    for new in ("file", "fifo", "socket", "block", "character"):
        for kind in KINDS + ["dangling"]:
            before = identity(kind)
            t.refuses(errno.EEXIST, f"mknod of a {new} over a {kind}", os.mknod, kind,
                      FORMATS[new] | 0o644, os.makedev(1, 3))
            t.same(identity(kind), before, f"the {kind} that is there")
        for name, code in (("missing/x", errno.ENOENT), ("file/x", errno.ENOTDIR),
                           ("", errno.ENOENT), (".", errno.EEXIST), ("new/", errno.ENOENT)):
            t.refuses(code, f"mknod of a {new} as {name!r}", os.mknod, name, FORMATS[new] | 0o644,
                      os.makedev(1, 3))
    os.mkdir("closed", 0o755)
    for kind in ("file", "fifo", "socket"):
        t.refuses(errno.EACCES, f"mknod of a {kind} where one may not write", OTHER(os.mknod),
                  "closed/x", FORMATS[kind] | 0o644)
    t.refuses(errno.EFAULT, "mknod of a bad address", call, "mknod", NOWHERE, stat.S_IFIFO, 0)
    t.refuses(errno.EPERM, "mknod of a directory", os.mknod, "new", stat.S_IFDIR | 0o755)
    t.refuses(errno.EINVAL, "mknod of a link", os.mknod, "new", stat.S_IFLNK | 0o755)


def fifo_works(t):
    os.mkfifo("fifo")

    def sender():
        with open("fifo", "wb") as file:
            file.write(b"between processes")
    child = os.fork()
    if child == 0:
        sender()
        os._exit(0)
    with open("fifo", "rb") as file:
        t.same(file.read(), b"between processes", "what passes a FIFO")
    os.waitpid(child, 0)
    t.same(os.lstat("fifo").st_size, 0, "nothing of it stays")
    os.rename("fifo", "moved")
    reader = os.open("moved", os.O_RDONLY | os.O_NONBLOCK)
    writer = os.open("moved", os.O_WRONLY)
    os.write(writer, b"1")
    t.same(os.read(reader, 9), b"1", "a FIFO that was renamed")
    os.close(reader)
    os.close(writer)


def socket_works(t):
    with socket.socket(socket.AF_UNIX) as server:
        t.allows("bind", server.bind, "server")
        t.check(stat.S_ISSOCK(os.lstat("server").st_mode), "bind makes a socket")
        server.listen(1)

        def client():
            with socket.socket(socket.AF_UNIX) as peer:
                peer.connect("server")
                return peer.recv(100)
        reader, writer = os.pipe()
        child = os.fork()
        if child == 0:
            os.write(writer, client())
            os._exit(0)
        connection, _ = server.accept()
        connection.send(b"by socket")
        connection.close()
        t.same(os.read(reader, 100), b"by socket", "what a socket carries")
        os.waitpid(child, 0)
        os.close(reader)
        os.close(writer)
        with socket.socket(socket.AF_UNIX) as second:
            t.refuses(errno.EADDRINUSE, "bind to a name in use", second.bind, "server")
        os.rename("server", "moved")
        with socket.socket(socket.AF_UNIX) as peer:
            t.allows("connect by the new name", peer.connect, "moved")
        os.unlink("moved")
    with socket.socket(socket.AF_UNIX) as peer:
        t.refuses(errno.ENOENT, "connect to what was removed", peer.connect, "moved")
    with socket.socket(socket.AF_UNIX) as peer:
        make("socket", "dead")
        t.refuses(errno.ECONNREFUSED, "connect to a socket nobody listens at", peer.connect, "dead")
    t.same(in_child(os.path.exists, "dead"), True, "the socket is still there")


CASES = [plain, devices, owner, refuses, fifo_works, socket_works]
