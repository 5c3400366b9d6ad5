"""A directory on a filesystem that may die at any moment, and come back.

Everything is asked relative to a descriptor of the mount's root: once the filesystem is dead, so is
the descriptor, and nothing ever reaches the directory beneath the mount point.
"""
import errno
import os
import time

# What a call may say whose filesystem dies under it; the last one of a page that is read.
DYING = {errno.ENOTCONN, errno.ECONNABORTED, errno.EIO, errno.ENODEV}
LOOK = 0.002
# A filesystem that has died comes back within a second or two, or never.
PATIENCE = 120


class Ground:
    def __init__(self, mount):
        self.mount = mount
        self.below = os.stat(os.path.dirname(mount)).st_dev
        self.root = None

    def connect(self):
        """Waits for a filesystem that answers: nobody tells when one is mounted."""
        deadline = time.monotonic() + PATIENCE
        while self.root is None:
            if time.monotonic() > deadline:
                raise TimeoutError(f"nothing answers at {self.mount} for {PATIENCE} s")
            try:
                root = os.open(self.mount, os.O_RDONLY | os.O_DIRECTORY)
            except OSError:
                time.sleep(LOOK)
                continue
            try:
                if os.fstat(root).st_dev != self.below:
                    os.fstatvfs(root)  # Answered by whoever serves it, never by a cache.
                    self.root = root
            except OSError:
                pass
            if self.root is None:
                os.close(root)
                time.sleep(LOOK)

    def disconnect(self):
        if self.root is not None:
            close_dead(self.root)
            self.root = None

    def is_dead(self, error):
        """Whether a failed call means that the filesystem has died, and not that it is wrong."""
        if error.errno not in DYING:
            return False
        if error.errno != errno.EIO:
            return True
        try:
            os.fstatvfs(self.root)
            return False
        except OSError:
            return True

    # The calls that writers make.

    def open(self, path, flags, mode=0o644):
        return os.open(path, flags, mode, dir_fd=self.root)

    def read(self, path):
        """`None` where there is nothing, `True` for a directory, the bytes of a file."""
        try:
            number = self.open(path, os.O_RDONLY | os.O_NOFOLLOW)
        except FileNotFoundError:
            return None
        try:
            if os.path.stat.S_ISDIR(os.fstat(number).st_mode):
                return True
            return read_all(number)
        finally:
            os.close(number)

    def names(self, path):
        number = self.open(path, os.O_RDONLY | os.O_DIRECTORY)
        try:
            return set(os.listdir(number))
        finally:
            os.close(number)


def close_dead(number):
    """Whatever close(2) says: a file of a dead filesystem cannot be flushed, and is closed."""
    try:
        os.close(number)
    except OSError:
        pass


def read_all(number):
    size = os.fstat(number).st_size
    pieces, position = [], 0
    while piece := os.pread(number, max(1, min(1 << 20, size - position)), position):
        pieces.append(piece)
        position += len(piece)
    return b"".join(pieces)


def common(left, right):
    """How many bytes both begin with."""
    low, high = 0, min(len(left), len(right))
    while low < high:
        middle = (low + high + 1) // 2
        if left[low:middle] == right[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low
