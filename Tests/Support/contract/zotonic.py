#!/usr/bin/env python3
"""Zotonic: uploads that are moved in from elsewhere, downloads that are appended to, backups by
rename, previews with every option in their names, sendfile by range, and files that are deleted
while somebody reads them."""
import errno
import os
import random
import shutil
import socket
import subprocess

import ledger as books

ARCHIVE = "archive/2026/11/21"
PREVIEWS = "preview/2026/11/21"
NAMES = [
    "photo.jpg(400x300)(crop-center)(quality-75,upscale)(ab12).jpg",
    "Ünïcode – 日本語, (1).jpg(80x80)(mono).png",
    "a,b;c=d&e+f%20g#h?i@j.jpg",
    "emoji 😀 [1]~'\"!$.gif",
]


def data_of(seed, count=300_000):
    return random.Random(seed).randbytes(count)


def upload(ledger, elsewhere):
    """file:rename from the temporary directory fails with EXDEV, then z_filelib copies."""
    source, name = os.path.join(elsewhere, "upload"), f"{ARCHIVE}/upload.pdf"
    with open(source, "wb") as file:
        file.write(data_of(1))
    os.makedirs(ledger.path(ARCHIVE))
    with books.refused(errno.EXDEV):
        os.rename(source, ledger.path(name))
    shutil.copyfile(source, ledger.path(name))
    os.remove(source)
    ledger.file(name, data_of(1))


def download(ledger):
    """Each chunk of a download opens, appends and closes; the last one renames."""
    name = f"{ARCHIVE}/movie.mp4"
    part = ledger.path(name) + ".downloading"
    data = data_of(2, 1_000_000)
    for start in range(0, len(data), 100_000):
        with open(part, "ab") as file:
            assert file.tell() == start
            file.write(data[start:start + 100_000])
    os.rename(part, ledger.path(name))
    ledger.file(name, data)


def replace(ledger):
    """The old version steps aside, the new one is written, the old one goes."""
    name = f"{ARCHIVE}/page.html"
    for version in (3, 4):
        if os.path.exists(ledger.path(name)):
            os.rename(ledger.path(name), ledger.path(name + "~"))
        with open(ledger.path(name), "wb") as file:
            file.write(data_of(version))
    with open(ledger.path(name + "~"), "rb") as file:
        assert file.read() == data_of(3)
    os.remove(ledger.path(name + "~"))
    ledger.file(name, data_of(4))


def previews(ledger):
    """ImageMagick writes them, by names that hold all their options."""
    os.makedirs(ledger.path(PREVIEWS))
    source = ledger.path(f"{ARCHIVE}/photo.png")
    convert = ["/usr/bin/convert"]
    subprocess.run(convert + ["-size", "64x48", "gradient:red-blue", source], check=True)
    ledger.product(f"{ARCHIVE}/photo.png")
    # With the format before it ImageMagick takes what follows literally.
    target = ledger.path(f"{PREVIEWS}/{NAMES[0]}")
    subprocess.run(convert + [source, "-resize", "32x", "jpeg:" + target], check=True)
    ledger.product(f"{PREVIEWS}/{NAMES[0]}")
    for number, name in enumerate(NAMES[1:]):
        with open(ledger.path(f"{PREVIEWS}/{name}"), "wb") as file:
            file.write(data_of(10 + number))
        ledger.file(f"{PREVIEWS}/{name}", data_of(10 + number))
    check_previews(ledger.root)


def check_previews(mount):
    assert sorted(os.listdir(os.path.join(mount, PREVIEWS))) == sorted(NAMES)


def ranges(path, data):
    """A server answers a Range request with sendfile(2) from the middle."""
    with open(path, "rb") as file:
        for start, end in [(0, 1), (100_000, 165_537), (len(data) - 500, len(data))]:
            ours, theirs = socket.socketpair()
            sent = os.sendfile(ours.fileno(), file.fileno(), start, end - start)
            ours.close()
            received = b""
            while chunk := theirs.recv(1 << 16):
                received += chunk
            theirs.close()
            assert sent > 0 and received == data[start:start + sent], (start, end, sent)


def delete_while_open(ledger):
    path = ledger.path("served")
    with open(path, "wb") as file:
        file.write(data_of(5))
    with open(path, "r+b") as file:
        os.remove(path)
        assert not os.path.exists(path)
        with books.refused(errno.ENOENT):
            open(path, "rb")
        assert file.read() == data_of(5)
        file.write(b"more")
        file.seek(-6, os.SEEK_END)
        assert file.read() == data_of(5)[-2:] + b"more"
        # The name is free meanwhile.
        with open(path, "wb") as other:
            other.write(data_of(6))
        assert os.fstat(file.fileno()).st_size == 300_004
    ledger.file("served", data_of(6))


def act(ledger, elsewhere):
    upload(ledger, elsewhere)
    download(ledger)
    replace(ledger)
    previews(ledger)
    ranges(ledger.path(f"{ARCHIVE}/upload.pdf"), data_of(1))
    delete_while_open(ledger)


def check(mount, elsewhere):
    check_previews(mount)
    ranges(os.path.join(mount, ARCHIVE, "movie.mp4"), data_of(2, 1_000_000))
    ranges(os.path.join(mount, ARCHIVE, "upload.pdf"), data_of(1))


books.main(act, check)
