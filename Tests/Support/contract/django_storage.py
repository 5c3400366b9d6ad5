#!/usr/bin/env python3
"""Django's own FileSystemStorage, as Arches uses it: exclusive creation, flock, chmod and chown
behind the close, uploads that are renamed from a temporary directory, and files served with
Last-Modified. django-storages then reads the same names from the bucket (BUCKET, S3_ENDPOINT)."""
import errno
import fcntl
import os
import shutil
import socket
import stat
import threading
import time

import django
from django.conf import settings

import ledger as books

settings.configure(
    FILE_UPLOAD_PERMISSIONS=0o640, FILE_UPLOAD_DIRECTORY_PERMISSIONS=0o750,
    DEFAULT_CHARSET="utf-8", ALLOWED_HOSTS=["*"], USE_TZ=True)
django.setup()

from django.core.files.base import ContentFile, File  # noqa: E402
from django.core.files.storage import FileSystemStorage  # noqa: E402
from django.core.files.uploadedfile import TemporaryUploadedFile  # noqa: E402
from django.test import RequestFactory  # noqa: E402
from django.views.static import serve  # noqa: E402

THREADS = 16
DATA = bytes(range(256)) * 4_096
WHEN = 1_600_000_000_123_456_789


def one_name_for_all(ledger, storage):
    """Sixteen threads ask for one name at the same moment: each gets a file of its own."""
    barrier, names = threading.Barrier(THREADS), [None] * THREADS

    def save(number):
        barrier.wait()
        names[number] = storage.save("uploads/2026/same.txt", ContentFile(content(number)))

    threads = [threading.Thread(target=save, args=(number,)) for number in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(names)) == THREADS and "uploads/2026/same.txt" in names, names
    for number, name in enumerate(names):
        ledger.file(name, content(number), mode=0o640)
    mode = os.stat(ledger.path("uploads/2026")).st_mode
    assert stat.S_IMODE(mode) == 0o750, oct(mode)


def content(number):
    return f"upload {number} ".encode() * 10_000


def temporary_uploads(ledger, storage, directory, name):
    """An upload above 2.5 MB: a temporary file that the storage takes over by rename; from another
    filesystem that is a copy with copystat."""
    upload = TemporaryUploadedFile("a.pdf", "application/pdf", len(DATA), "utf-8")
    upload.file.close()
    path = os.path.join(directory, "random.upload.pdf")
    upload.file = File(open(path, "wb+"))
    upload.temporary_file_path = lambda: path
    upload.write(DATA)
    upload.file.flush()
    saved = storage.save(name, upload)
    assert not os.path.exists(path)
    ledger.file(saved, DATA, mode=0o640)


def locks(ledger):
    """What Django's locks module asks of the kernel: conflicts between processes count."""
    with open(ledger.path("lock"), "wb") as holder:
        fcntl.flock(holder, fcntl.LOCK_EX)
        assert child_locks(ledger, fcntl.LOCK_EX) == errno.EAGAIN
        assert child_locks(ledger, fcntl.LOCK_SH) == errno.EAGAIN
        fcntl.flock(holder, fcntl.LOCK_UN)
        fcntl.flock(holder, fcntl.LOCK_SH)
        assert child_locks(ledger, fcntl.LOCK_SH) == 0
        assert child_locks(ledger, fcntl.LOCK_EX) == errno.EAGAIN
    assert child_locks(ledger, fcntl.LOCK_EX) == 0
    ledger.file("lock", b"")


def child_locks(ledger, operation):
    """The error number with which another process fails to lock, or 0."""
    pid = os.fork()
    if pid == 0:
        try:
            with open(ledger.path("lock"), "rb") as file:
                fcntl.flock(file, operation | fcntl.LOCK_NB)
            os._exit(0)
        except OSError as error:
            os._exit(error.errno)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def copies(ledger):
    """copystat: permissions, times to the nanosecond, and extended attributes."""
    source, target = ledger.path("original.jpg"), ledger.path("copy.jpg")
    for path in (source, target):
        with open(path, "wb") as file:
            file.write(DATA)
    os.setxattr(source, "user.author", "Zoë".encode())
    os.chmod(source, 0o604)
    os.utime(source, ns=(WHEN, WHEN))
    shutil.copystat(source, target)
    for name in ("original.jpg", "copy.jpg"):
        ledger.file(name, DATA, mode=0o604, mtime=WHEN)
    check_copies(ledger.root)


def check_copies(mount):
    for name in ("original.jpg", "copy.jpg"):
        path = os.path.join(mount, name)
        assert os.getxattr(path, "user.author") == "Zoë".encode()
        assert os.listxattr(path) == ["user.author"], os.listxattr(path)


def send(path):
    """sendfile(2) out of the mount, as a web server does."""
    with open(path, "rb") as file:
        ours, theirs = socket.socketpair()
        received = bytearray()

        def receive():
            while chunk := theirs.recv(1 << 16):
                received.extend(chunk)

        reader = threading.Thread(target=receive)
        reader.start()
        size, offset = os.fstat(file.fileno()).st_size, 0
        while offset < size:
            offset += os.sendfile(ours.fileno(), file.fileno(), offset, size - offset)
        ours.close()
        reader.join()
        theirs.close()
        return bytes(received)


def get(mount, name, **headers):
    return serve(RequestFactory().get("/" + name, **headers), name, document_root=mount)


def act(ledger, elsewhere):
    storage = FileSystemStorage(location=ledger.root, base_url="/media/")
    one_name_for_all(ledger, storage)
    os.mkdir(ledger.path("incoming"))
    ledger.directory("incoming")
    temporary_uploads(ledger, storage, ledger.path("incoming"), "archive/from here.pdf")
    temporary_uploads(ledger, storage, elsewhere, "archive/from elsewhere.pdf")
    locks(ledger)
    copies(ledger)
    assert send(ledger.path("archive/from here.pdf")) == DATA
    check_group(ledger.root)
    with open(os.path.join(elsewhere, "modified"), "w") as file:
        file.write(get(ledger.root, "archive/from here.pdf")["Last-Modified"])


def check_group(mount):
    """Django gives what it stores the group of the media directory: chown(-1, gid)."""
    group = os.stat(mount).st_gid
    assert group != os.getgid()
    for name in ("uploads/2026/same.txt", "archive/from elsewhere.pdf"):
        info = os.stat(os.path.join(mount, name))
        assert (info.st_uid, info.st_gid) == (os.getuid(), group), info


def check(mount, elsewhere):
    check_group(mount)
    check_copies(mount)
    assert send(os.path.join(mount, "archive/from elsewhere.pdf")) == DATA
    with open(os.path.join(elsewhere, "modified")) as file:
        modified = file.read()
    answer = get(mount, "archive/from here.pdf", HTTP_IF_MODIFIED_SINCE=modified)
    assert answer.status_code == 304, "what a browser has is as good as before"
    storage = FileSystemStorage(location=mount)
    stored = storage.get_modified_time("original.jpg").timestamp()
    assert int(stored) == WHEN // 10**9 and stored < time.time()
    read_from_the_bucket(mount)


def read_from_the_bucket(mount):
    from storages.backends.s3 import S3Storage

    bucket = S3Storage(
        bucket_name=os.environ["BUCKET"], endpoint_url=os.environ["S3_ENDPOINT"],
        addressing_style="path", location="media", querystring_auth=False)
    for name in ("archive/from here.pdf", "uploads/2026/same.txt"):
        with bucket.open(name) as remote, open(os.path.join(mount, name), "rb") as local:
            assert remote.read() == local.read(), name
    assert sorted(bucket.listdir("archive")[1]) == sorted(
        os.listdir(os.path.join(mount, "archive")))


books.main(act, check)
