"""A file system of our own for all that is measured: ext4 with a journal on a loop device.

What lies beneath /var/tmp may be anything. ext4 without a journal, as in many virtual machines,
hands out no inode again for minutes after it was deleted, and walks past all of those at every
creation: 1,500 files a second instead of 30,000 once a benchmark has cleaned up behind itself.
Here nothing of one measurement, or of others on this machine, slows the next. Direct I/O: no page
is cached twice.
"""
import contextlib
import pathlib
import subprocess
import sys
import tempfile

import settings

# The file takes only what is written.
SIZE = 60 * settings.GIB


@contextlib.contextmanager
def own():
    """Measures on it until the end; where none can be made, on the disk as it is."""
    with tempfile.TemporaryDirectory(prefix="mediafs-bench-", dir=settings.DISK) as directory:
        image, mount = pathlib.Path(directory, "image"), pathlib.Path(directory, "disk")
        mount.mkdir()
        with image.open("wb") as file:
            file.truncate(SIZE)
        try:
            # The file is all zeros: nothing has to be cleared, now or while we measure.
            run("mkfs.ext4", "-q", "-F", "-E", "nodiscard,lazy_itable_init=1", image)
            device = run("losetup", "--find", "--show", "--direct-io=on", image).strip()
        except (OSError, subprocess.CalledProcessError) as error:
            print(f"bench: no file system of our own: {error}", file=sys.stderr)
            yield
            return
        try:
            run("mount", "-o", "noatime,noinit_itable", device, mount)
            settings.DISK = str(mount)
            try:
                yield
            finally:
                settings.DISK = str(pathlib.Path(directory).parent)
                # Whatever may still be mounted in it, after an error, goes too.
                run("umount", "--recursive", mount)
        finally:
            run("losetup", "--detach", device)


def give_back():
    """Returns what was deleted to the disk beneath."""
    subprocess.run(["fstrim", settings.DISK], check=False, stderr=subprocess.DEVNULL)


def run(*words):
    return subprocess.run(words, check=True, capture_output=True, text=True).stdout
