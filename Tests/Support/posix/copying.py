"""copy_file_range(2), sendfile(2), splice(2): bytes that never pass through the program."""
import errno
import os

from ground import make, read, write
from things import STATES, Exhibits, content_of

SIZE = 300_000


def copy(source, target, count, at=None, to=None):
    """Until all is copied or nothing more comes."""
    done = 0
    while done < count:
        moved = os.copy_file_range(
            source, target, count - done, None if at is None else at + done,
            None if to is None else to + done)
        if moved == 0:
            break
        done += moved
    return done


def every_state(t):
    exhibits = Exhibits(t.settle)
    for source in STATES:
        for target in STATES:
            exhibits.add(source, name_of(source, target) + "-from")
            exhibits.add(target, name_of(source, target) + "-to")
    exhibits.ready()
    for source in STATES:
        for target in STATES:
            base = name_of(source, target)
            for at, to, count in ((0, 0, 5_000), (100, 5_003, 4_097), (9_000, 20_000, 5_000)):
                one, two = read(base + "-from"), bytearray(read(base + "-to"))
                piece = one[at:at + count]
                if piece:
                    two = two.ljust(to, b"\0")
                    two[to:to + len(piece)] = piece
                with open(base + "-from", "rb") as reader, open(base + "-to", "r+b") as writer:
                    moved = copy(reader.fileno(), writer.fileno(), count, at, to)
                text = f"{count} from {at} of a {source} to {to} of a {target}"
                t.same(moved, len(piece), f"copied, {text}")
                t.check(read(base + "-to") == bytes(two), f"content, {text}")
                t.check(read(base + "-from") == one, f"what was copied from, {text}")
    exhibits.close()


def name_of(*states):
    return "-".join(state.split()[0] for state in states)


def whole_files(t):
    content = bytes(range(253)) * (SIZE // 253)
    write("settled", content)
    t.settle()
    for number in range(3):
        with open("settled", "rb") as reader, open(f"copy{number}", "w+b") as writer:
            source, target = reader.fileno(), writer.fileno()
            t.same(copy(source, target, SIZE), len(content), "a whole file copied")
            t.same(os.lseek(source, 0, os.SEEK_CUR), len(content), "position in the source")
            t.same(os.lseek(target, 0, os.SEEK_CUR), len(content), "position in the target")
        t.check(read(f"copy{number}") == content, "content of the copy")
    t.settle()
    t.check(read("copy1") == content, "content of the copy, written back")
    with open("copy1", "r+b", buffering=0) as file:
        file.write(b"changed")
    t.check(read("settled") == content and read("copy2") == content, "a copy is on its own")
    with open("copy2", "r+b") as file:
        copy(file.fileno(), file.fileno(), 1_000, 0, 200_000)
    wanted = bytearray(content)
    wanted[200_000:201_000] = content[:1_000]
    t.check(read("copy2") == bytes(wanted), "a copy within one file")
    with open("settled", "rb") as reader, open("copy0", "r+b") as writer:
        t.same(copy(reader.fileno(), writer.fileno(), 1_000, SIZE, 0), 0, "copied behind the end")
        t.same(copy(reader.fileno(), writer.fileno(), 0, 0, 0), 0, "copied of nothing")
        copy(reader.fileno(), writer.fileno(), 10, 5, 1_000_000)
    t.same(os.stat("copy0").st_size, 1_000_010, "a copy that lies far behind the end")
    with open("copy0", "rb") as file:
        t.check(os.pread(file.fileno(), 1_000_000 - len(content), len(content))
                == b"\0" * (1_000_000 - len(content)), "zeros before it")


def copy_refuses(t):
    write("a", b"0123456789" * 100)
    write("b")
    os.mkdir("d")
    source, target = os.open("a", os.O_RDWR), os.open("b", os.O_RDWR)
    write_only, read_only = os.open("a", os.O_WRONLY), os.open("b", os.O_RDONLY)
    appending, directory = os.open("b", os.O_WRONLY | os.O_APPEND), os.open("d", os.O_RDONLY)
    for what, code, one, two, at, to in (
        ("from what is open for writing", errno.EBADF, write_only, target, 0, 0),
        ("to what is open for reading", errno.EBADF, source, read_only, 0, 0),
        ("to what is open for appending", errno.EBADF, source, appending, 0, 0),
        ("from a directory", errno.EISDIR, directory, target, 0, 0),
        ("to a place that overlaps", errno.EINVAL, source, source, 0, 5),
        ("to before the start", (errno.EINVAL, errno.EOVERFLOW), source, target, 0, -5),
    ):
        t.refuses(code, f"a copy {what}", os.copy_file_range, one, two, 10, at, to)
    for descriptor in (source, target, write_only, read_only, appending, directory):
        os.close(descriptor)
    t.same(read("b"), b"x", "nothing was copied")


def sendfile(t):
    content = bytes(range(251)) * (SIZE // 251)
    with open("/dev/shm/posix-sendfile", "w+b") as outside:
        os.unlink("/dev/shm/posix-sendfile")
        outside.write(content)
        outside.flush()
        with open("in", "wb") as target:
            t.same(send(target.fileno(), outside.fileno(), len(content)), len(content),
                   "sent into the filesystem")
        t.check(read("in") == content, "content of what was sent")
        t.settle()
        os.ftruncate(outside.fileno(), 0)
        os.lseek(outside.fileno(), 0, os.SEEK_SET)
        with open("in", "rb") as source:
            t.same(send(outside.fileno(), source.fileno(), len(content)), len(content),
                   "sent out of the filesystem")
        t.check(os.pread(outside.fileno(), SIZE, 0) == content, "content of what was sent out")
    with open("in", "rb") as source, open("again", "wb") as target:
        os.sendfile(target.fileno(), source.fileno(), 1_000, 5_000)
    t.same(read("again"), content[1_000:6_000], "sent from one file to another")


def send(target, source, count):
    offset = 0
    while offset < count:
        moved = os.sendfile(target, source, offset, count - offset)
        if moved == 0:
            break
        offset += moved
    return offset


def splice(t):
    make("file", "name")
    write("source", content_of("source"))
    reader, writer = os.pipe()
    source = os.open("source", os.O_RDONLY)
    target = os.open("target", os.O_WRONLY | os.O_CREAT, 0o644)
    moved = os.splice(source, writer, 4_000, offset_src=100)
    t.same(moved, 4_000, "spliced from a file")
    t.same(os.splice(reader, target, 4_000, offset_dst=50), 4_000, "spliced to a file")
    t.same(read("target"), b"\0" * 50 + content_of("source")[100:4_100], "content of it")
    for descriptor in (reader, writer, source, target):
        os.close(descriptor)


def vectors(t):
    descriptor = os.open("vectors", os.O_RDWR | os.O_CREAT, 0o644)
    t.same(os.writev(descriptor, [b"one", b"", b"two", b"three"]), 11, "writev")
    t.same(os.pwritev(descriptor, [b"X", b"Y"], 20), 2, "pwritev")
    t.same(read("vectors"), b"onetwothree" + b"\0" * 9 + b"XY", "content of them")
    first, second = bytearray(4), bytearray(30)
    t.same(os.preadv(descriptor, [first, second], 2), 20, "preadv")
    t.same((bytes(first), bytes(second[:16])), (b"etwo", b"three" + b"\0" * 9 + b"XY"),
           "what it read")
    for size in (1, 4_095, 4_096, 4_097, 131_072, 131_073, 1_048_577, 3_000_001):
        content = (b"%d " % size * size)[:size]
        t.same(os.pwrite(descriptor, content, 3), size, f"one write of {size} bytes")
        t.check(os.pread(descriptor, size + 10, 3)[:size] == content, f"{size} bytes back")
        t.same(os.fstat(descriptor).st_size, max(22, size + 3), f"size after {size} bytes")
    os.close(descriptor)


CASES = [every_state, whole_files, copy_refuses, sendfile, splice, vectors]
