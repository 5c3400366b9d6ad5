"""open(2): flags, what is created with which owner and mode, and what each kind answers."""
import errno
import fcntl
import mmap
import os
import stat

from ground import KINDS, MEMBER, OTHER, OWNER, User, exists, make, mode_of, read, write
from kernel import NOWHERE, call

ACCESS = {"read": os.O_RDONLY, "write": os.O_WRONLY, "both": os.O_RDWR}
DIRECT_BLOCK = 4096


def opened(name, flags, mode=0o644):
    os.close(os.open(name, flags, mode))


def creates(t):
    for access, flag in ACCESS.items():
        for mode in (0o000, 0o400, 0o444, 0o600, 0o644, 0o755, 0o777, 0o4755, 0o2755, 0o1644):
            name = f"{access}{mode:o}"
            t.allows(f"O_CREAT for {access} of {mode:o}", opened, name, flag | os.O_CREAT, mode)
            t.same(mode_of(name), mode, f"mode of a file created {mode:o} for {access}")
            t.same(os.stat(name).st_size, 0, "size of a new file")
            t.check(stat.S_ISREG(os.stat(name).st_mode), "a new file is a regular one")
            t.same(os.stat(name).st_nlink, 1, "links of a new file")
    # Its maker may write to it though the mode forbids that to everybody.
    os.mkdir("open")
    os.chmod("open", 0o777)

    def make_and_write():
        descriptor = os.open("open/secret", os.O_RDWR | os.O_CREAT | os.O_EXCL, 0)
        os.write(descriptor, b"kept")
        return os.pread(descriptor, 10, 0)
    t.same(OWNER(make_and_write)(), b"kept", "what the maker of a file of mode 0 can write")
    t.refuses(errno.EACCES, "opening it again", OWNER(opened), "open/secret", os.O_RDONLY)


def umask(t):
    os.mkdir("open")
    os.chmod("open", 0o777)
    for mask in (0o000, 0o022, 0o027, 0o077, 0o117, 0o777):
        user = User(OWNER.uid, OWNER.gid, umask=mask)
        for mode in (0o777, 0o666, 0o4777, 0o640):
            name = f"open/{mask:o}-{mode:o}"
            user(opened)(name, os.O_CREAT | os.O_WRONLY, mode)
            t.same(mode_of(name), mode & ~mask, f"mode {mode:o} under umask {mask:o}")


def owner(t):
    os.mkdir("open")
    os.chmod("open", 0o777)
    os.mkdir("inherits")
    os.chown("inherits", 0, 61004)
    os.chmod("inherits", 0o2777)
    for user in (OWNER, OTHER, MEMBER, User(61005, 61006)):
        for directory, group in (("open", user.gid), ("inherits", 61004)):
            name = f"{directory}/by{user.uid}"
            user(opened)(name, os.O_CREAT | os.O_WRONLY, 0o644)
            info = os.stat(name)
            t.same((info.st_uid, info.st_gid), (user.uid, group), f"owner and group of {name}")


def exclusive(t):
    for kind in KINDS:
        make(kind, kind)
        for access, flag in ACCESS.items():
            t.refuses(errno.EEXIST, f"O_EXCL for {access} on a {kind}", opened, kind,
                      flag | os.O_CREAT | os.O_EXCL)
    os.symlink("nowhere", "dangling")
    t.refuses(errno.EEXIST, "O_EXCL on a link to nothing", opened, "dangling",
              os.O_WRONLY | os.O_CREAT | os.O_EXCL)
    t.check(not exists("nowhere"), "O_EXCL makes nothing through a link")
    t.allows("O_EXCL on a free name", opened, "new", os.O_WRONLY | os.O_CREAT | os.O_EXCL)
    # Of many at once, one wins.
    results = []
    for number in range(20):
        children = []
        for _ in range(4):
            pid = os.fork()
            if pid == 0:
                try:
                    opened(f"race{number}", os.O_WRONLY | os.O_CREAT | os.O_EXCL)
                    os._exit(0)
                except FileExistsError:
                    os._exit(1)
            children.append(pid)
        results.append(sorted(os.waitstatus_to_exitcode(os.waitpid(p, 0)[1]) for p in children))
    t.same(results, [[0, 1, 1, 1]] * 20, "winners of O_EXCL by four processes")


def truncates(t):
    write("file", b"content")
    t.refuses(errno.EEXIST, "O_TRUNC with O_EXCL", opened, "file",
              os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_TRUNC)
    t.same(read("file"), b"content", "a refused O_TRUNC leaves the content")
    os.chmod("file", 0o444)
    os.chown("file", OWNER.uid, OWNER.gid)
    for user in (OWNER, OTHER):
        t.refuses(errno.EACCES, "O_TRUNC without the right to write", user(opened), "file",
                  os.O_WRONLY | os.O_TRUNC)
        t.refuses(errno.EACCES, "O_RDONLY|O_TRUNC without the right to write", user(opened), "file",
                  os.O_RDONLY | os.O_TRUNC)
        t.same(read("file"), b"content", "a refused O_TRUNC leaves the content")
    for flag in (os.O_WRONLY, os.O_RDWR):
        write("file", b"content")
        t.allows("O_TRUNC", opened, "file", flag | os.O_TRUNC)
        t.same(os.stat("file").st_size, 0, "size after O_TRUNC")
        t.same(read("file"), b"", "content after O_TRUNC")
    write("held", b"0123456789")
    holder = os.open("held", os.O_RDWR)
    opened("held", os.O_WRONLY | os.O_TRUNC)
    t.same(os.fstat(holder).st_size, 0, "another's O_TRUNC shows in an open file")
    os.pwrite(holder, b"ab", 4)
    t.same(read("held"), b"\0\0\0\0ab", "written behind the end after O_TRUNC")
    os.close(holder)


def appends(t):
    write("log", b"start;")
    first, second = (os.open("log", os.O_WRONLY | os.O_APPEND) for _ in range(2))
    for number in range(10):
        os.write(first, b"a%d;" % number)
        os.write(second, b"b%d;" % number)
    wanted = b"start;" + b"".join(b"a%d;b%d;" % (n, n) for n in range(10))
    t.same(read("log"), wanted, "two that append in turn")
    os.lseek(first, 0, os.SEEK_SET)
    os.write(first, b"end")
    t.same(read("log"), wanted + b"end", "O_APPEND disregards the position")
    t.same(os.lseek(first, 0, os.SEEK_CUR), len(wanted) + 3, "the position after an append")
    os.truncate("log", 2)
    os.write(second, b"!")
    t.same(read("log"), b"st!", "O_APPEND after another's truncation")
    # Linux: pwrite(2) with O_APPEND appends.
    os.pwrite(first, b"?", 0)
    t.same(read("log"), b"st!?", "pwrite with O_APPEND")
    fcntl.fcntl(first, fcntl.F_SETFL, 0)
    os.pwrite(first, b"S", 0)
    t.same(read("log"), b"St!?", "pwrite after O_APPEND was taken away")
    fcntl.fcntl(first, fcntl.F_SETFL, os.O_APPEND)
    os.pwrite(first, b".", 0)
    t.same(read("log"), b"St!?.", "pwrite after O_APPEND was given again")
    os.close(first)
    os.close(second)
    children = []
    for letter in b"abcd":
        pid = os.fork()
        if pid == 0:
            descriptor = os.open("many", os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
            for _ in range(50):
                os.write(descriptor, bytes([letter]) * 37 + b"\n")
            os._exit(0)
        children.append(pid)
    for pid in children:
        t.same(os.waitpid(pid, 0)[1], 0, "an appending process ends well")
    lines = read("many").split(b"\n")[:-1]
    t.same(len(lines), 200, "lines appended by four processes at once")
    t.check(all(len(set(line)) == 1 and len(line) == 37 for line in lines),
            "no line appended at once is torn")


def kinds(t):
    for kind in KINDS:
        make(kind, kind)
    for name, flag in ACCESS.items():
        wanted = errno.EISDIR if flag != os.O_RDONLY else None
        if wanted:
            t.refuses(wanted, f"opening a directory for {name}", opened, "directory", flag)
        t.refuses(errno.ENXIO, f"opening a socket for {name}", opened, "socket", flag)
        t.refuses(errno.ENOTDIR, f"O_DIRECTORY of a file for {name}", opened, "file",
                  flag | os.O_DIRECTORY)
        t.refuses(errno.ELOOP, f"O_NOFOLLOW of a link for {name}", opened, "symlink",
                  flag | os.O_NOFOLLOW)
        t.allows(f"O_NOFOLLOW of a file for {name}", opened, "file", flag | os.O_NOFOLLOW)
    t.refuses(errno.EISDIR, "O_CREAT of a directory", opened, "directory", os.O_RDWR | os.O_CREAT)
    t.refuses(errno.EISDIR, "O_TRUNC of a directory", opened, "directory", os.O_RDONLY | os.O_TRUNC)
    t.allows("O_DIRECTORY of a directory", opened, "directory", os.O_RDONLY | os.O_DIRECTORY)
    for kind in ("fifo", "socket", "block", "character"):
        t.refuses(errno.ENOTDIR, f"O_DIRECTORY of a {kind}", opened, kind,
                  os.O_RDONLY | os.O_DIRECTORY | os.O_NONBLOCK)
    t.refuses(errno.ENXIO, "a FIFO without reader for writing", opened, "fifo",
              os.O_WRONLY | os.O_NONBLOCK)
    reader = t.allows("a FIFO for reading", os.open, "fifo", os.O_RDONLY | os.O_NONBLOCK)
    writer = t.allows("a FIFO with a reader for writing", os.open, "fifo",
                      os.O_WRONLY | os.O_NONBLOCK)
    os.write(writer, b"through")
    t.same(os.read(reader, 100), b"through", "what passes a FIFO")
    os.close(reader)
    os.close(writer)
    for kind in KINDS:
        descriptor = t.allows(f"O_PATH of a {kind}", os.open, kind, os.O_PATH | os.O_NOFOLLOW)
        t.same(os.fstat(descriptor).st_ino, os.lstat(kind).st_ino, f"inode by O_PATH of a {kind}")
        t.refuses(errno.EBADF, f"reading O_PATH of a {kind}", os.read, descriptor, 1)
        os.close(descriptor)


def through_links(t):
    os.symlink("nowhere", "dangling")
    t.refuses(errno.ENOENT, "opening a link to nothing", opened, "dangling", os.O_RDWR)
    t.allows("O_CREAT through a link to nothing", opened, "dangling", os.O_RDWR | os.O_CREAT)
    t.check(exists("nowhere"), "O_CREAT makes what a link points to")
    t.check(os.path.islink("dangling"), "and leaves the link")
    os.symlink("loop", "loop")
    t.refuses(errno.ELOOP, "O_CREAT through a loop", opened, "loop", os.O_RDWR | os.O_CREAT)
    os.mkdir("d")
    os.symlink("d", "to-d")
    write("to-d/inside", b"in")
    t.same(read("d/inside"), b"in", "a file made by way of a link to its directory")
    t.refuses(errno.ENOTDIR, "O_DIRECTORY|O_NOFOLLOW of a link to a directory", opened, "to-d",
              os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    for slash in ("new/", "new//"):
        t.refuses(errno.EISDIR, "O_CREAT of a name with a slash", opened, slash,
                  os.O_WRONLY | os.O_CREAT)
    t.refuses(errno.ENOTDIR, "a file with a slash", opened, "d/inside/", os.O_RDONLY)


def direct(t):
    buffer = mmap.mmap(-1, 4 * DIRECT_BLOCK)
    buffer.write(bytes(range(256)) * 64)
    descriptor = t.allows("O_DIRECT", os.open, "direct", os.O_RDWR | os.O_CREAT | os.O_DIRECT)
    t.same(os.pwritev(descriptor, [buffer], 0), 4 * DIRECT_BLOCK, "written by O_DIRECT")
    t.same(read("direct"), bytes(range(256)) * 64, "read from the cache after O_DIRECT")
    with open("direct", "r+b", buffering=0) as other:
        other.seek(DIRECT_BLOCK)
        other.write(b"Z" * DIRECT_BLOCK)
    t.same(os.preadv(descriptor, [buffer], DIRECT_BLOCK), 3 * DIRECT_BLOCK, "read by O_DIRECT")
    t.same(buffer[:DIRECT_BLOCK], b"Z" * DIRECT_BLOCK, "O_DIRECT sees what was written before")
    t.same(os.preadv(descriptor, [buffer], 4 * DIRECT_BLOCK), 0, "O_DIRECT at the end")
    os.close(descriptor)


def access_mode_holds(t):
    write("file", b"content")
    for name, flag in ACCESS.items():
        descriptor = os.open("file", flag)
        if flag == os.O_WRONLY:
            t.refuses(errno.EBADF, "read of what is open for writing", os.read, descriptor, 1)
        if flag == os.O_RDONLY:
            t.refuses(errno.EBADF, "write to what is open for reading", os.write, descriptor, b"x")
            t.refuses(errno.EINVAL, "ftruncate of what is open for reading", os.ftruncate,
                      descriptor, 0)
        # A right once checked stays with the descriptor.
        os.chmod("file", 0)
        if flag != os.O_WRONLY:
            t.same(os.pread(descriptor, 7, 0), b"content", f"open for {name}, then chmod 0")
        os.chmod("file", 0o644)
        os.close(descriptor)
    t.refuses(errno.EFAULT, "open of a bad address", call, "open", NOWHERE, os.O_RDONLY)


CASES = [creates, umask, owner, exclusive, truncates, appends, kinds, through_links, direct,
         access_mode_holds]
