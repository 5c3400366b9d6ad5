"""System calls that Python's os module lacks, by way of libc; errors are OSError as there."""
import ctypes
import os
import struct

AT_FDCWD = -100
AT_SYMLINK_NOFOLLOW = 0x100
AT_REMOVEDIR = 0x200
AT_SYMLINK_FOLLOW = 0x400
AT_EMPTY_PATH = 0x1000

RENAME_NOREPLACE, RENAME_EXCHANGE, RENAME_WHITEOUT = 1, 2, 4

FALLOC_KEEP_SIZE, FALLOC_PUNCH_HOLE, FALLOC_COLLAPSE = 0x01, 0x02, 0x08
FALLOC_ZERO_RANGE, FALLOC_INSERT = 0x10, 0x20

UTIME_NOW, UTIME_OMIT = (1 << 30) - 1, (1 << 30) - 2

# An address that no process has anything at.
NOWHERE = ctypes.c_void_p(8)

libc = ctypes.CDLL(None, use_errno=True)
c_int, c_long, c_path = ctypes.c_int, ctypes.c_long, ctypes.c_char_p


class Timespec(ctypes.Structure):
    _fields_ = [("seconds", c_long), ("nanoseconds", c_long)]


class FileHandle(ctypes.Structure):
    _fields_ = [("size", ctypes.c_uint), ("type", c_int), ("bytes", ctypes.c_ubyte * 128)]


class DirectoryEntry(ctypes.Structure):
    _fields_ = [
        ("inode", ctypes.c_uint64), ("offset", ctypes.c_int64), ("length", ctypes.c_ushort),
        ("type", ctypes.c_ubyte), ("name", ctypes.c_char * 256)]


def call(name, *arguments, types=None):
    """Calls a function of libc; -1 becomes an OSError."""
    function = libc[name]  # A new object at each call: nobody shares its types.
    function.restype = c_long
    function.argtypes = types
    ctypes.set_errno(0)
    result = function(*arguments)
    if c_int(result).value == -1 and ctypes.get_errno():
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return result


def path(name):
    return os.fsencode(name)


def rename2(old, new, flags):
    call("renameat2", AT_FDCWD, path(old), AT_FDCWD, path(new), flags)


def linkat(directory, old, new, flags):
    call("linkat", directory, path(old), AT_FDCWD, path(new), flags)


def fallocate(descriptor, mode, offset, length):
    call("fallocate", descriptor, mode, offset, length, types=[c_int, c_int, c_long, c_long])


def utimensat(name, accessed, modified, flags=0):
    """Each time is nanoseconds since 1970, UTIME_NOW or UTIME_OMIT in `nanoseconds`."""
    times = (Timespec * 2)(_timespec(accessed), _timespec(modified))
    call("utimensat", AT_FDCWD, path(name), ctypes.byref(times), flags)


def utimensat_raw(name, accessed, modified):
    """With (seconds, nanoseconds) as they are."""
    times = (Timespec * 2)(Timespec(*accessed), Timespec(*modified))
    call("utimensat", AT_FDCWD, path(name), ctypes.byref(times), 0)


def _timespec(when):
    if when in (UTIME_NOW, UTIME_OMIT):
        return Timespec(0, when)
    return Timespec(when // 10**9, when % 10**9)


def name_to_handle(name, flags=0):
    handle = FileHandle(size=128)
    mount = c_int()
    call("name_to_handle_at", AT_FDCWD, path(name), ctypes.byref(handle), ctypes.byref(mount),
         flags)
    return struct.pack("Ii", handle.size, handle.type) + bytes(handle.bytes[:handle.size])


def open_by_handle(mount_descriptor, packed, flags):
    size, kind = struct.unpack_from("Ii", packed)
    handle = FileHandle(size=size, type=kind)
    handle.bytes[:size] = packed[8:8 + size]
    return call("open_by_handle_at", mount_descriptor, ctypes.byref(handle), flags)


class DirectoryStream:
    """opendir(3) and its kin, with telldir and seekdir."""

    def __init__(self, name):
        opendir = libc["opendir"]
        opendir.restype = ctypes.c_void_p
        self.stream = ctypes.c_void_p(opendir(path(name)))
        if not self.stream:
            raise OSError(ctypes.get_errno(), "opendir")
        self._read = libc["readdir64"]
        self._read.restype = ctypes.POINTER(DirectoryEntry)

    def read(self):
        """The next entry's name, or None at the end."""
        entry = self._read(self.stream)
        return os.fsdecode(entry.contents.name) if entry else None

    def rest(self):
        return list(iter(self.read, None))

    def tell(self):
        tell = libc["telldir"]
        tell.restype = c_long
        return tell(self.stream)

    def seek(self, offset):
        seek = libc["seekdir"]
        seek.argtypes = [ctypes.c_void_p, c_long]
        seek(self.stream, offset)

    def rewind(self):
        libc["rewinddir"](self.stream)

    def close(self):
        libc["closedir"](self.stream)


def entries(name):
    """(name, inode, type) of all entries as the kernel gives them, with `.` and `..`."""
    found = []
    descriptor = os.open(name, os.O_RDONLY | os.O_DIRECTORY)
    try:
        buffer = ctypes.create_string_buffer(32768)
        while True:
            count = call("getdents64", descriptor, buffer, len(buffer))
            if count == 0:
                return found
            position = 0
            while position < count:
                inode, _, length, kind = struct.unpack_from("QqHB", buffer.raw, position)
                name = buffer.raw[position + 19:position + length].split(b"\0", 1)[0]
                found.append((os.fsdecode(name), inode, kind))
                position += length
    finally:
        os.close(descriptor)


