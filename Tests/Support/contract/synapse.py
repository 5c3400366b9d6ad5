#!/usr/bin/env python3
"""Matrix Synapse's media repository (media_storage.py, media_repository.py): uploads, remote media,
thumbnails by PIL, and what the administration API deletes."""
import errno
import io
import os
import random
import shutil

from PIL import Image

import ledger as books

CHUNK = 1 << 16
REMOTE = "remote_content/[2001:db8::1]:8448"
SIZES = [(32, 32), (96, 96), (320, 240)]


def picture(seed, format):
    rnd = random.Random(seed)
    image = Image.frombytes("RGB", (640, 480), rnd.randbytes(640 * 480 * 3)).resize((1280, 960))
    out = io.BytesIO()
    image.save(out, format)
    return out.getvalue()


def store(ledger, name, data):
    """store_into_file: the directory, the bytes in chunks, and at once back again."""
    path = ledger.path(name)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb", buffering=0) as file:
        for start in range(0, len(data), CHUNK):
            file.write(data[start:start + CHUNK])
    with open(path, "rb") as file:
        assert file.read() == data, name
    ledger.file(name, data)


def thumbnails(ledger, source, directory):
    """Thumbnailer: PIL opens the file by its path and seeks in it; each size lies beside it."""
    for width, height in SIZES:
        with Image.open(ledger.path(source)) as image:
            image.draft("RGB", (width, height))
            image.thumbnail((width, height))
            out = io.BytesIO()
            image.save(out, "JPEG", quality=80)
        store(ledger, f"{directory}/{width}-{height}-image-jpeg-scale", out.getvalue())


def missing(ledger):
    """What is not here is asked of the storage providers: ENOENT is a normal answer."""
    for name in ["local_content/Aa/Bb/Missing", "local_content/No/Such/File", "nothing"]:
        with books.refused(errno.ENOENT):
            open(ledger.path(name), "rb")
        assert not os.path.exists(ledger.path(name))
        with books.refused(errno.ENOENT):
            os.remove(ledger.path(name))
        with books.refused(errno.ENOENT):
            os.path.getsize(ledger.path(name))


def purge(ledger, name, thumbnail_directory):
    """delete_old_remote_media: the file, its thumbnails, and the directories that are empty then."""
    os.remove(ledger.path(name))
    ledger.forget(name)
    descriptor = os.open(
        ledger.path(thumbnail_directory), os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    for thumbnail in os.listdir(descriptor):
        ledger.forget(f"{thumbnail_directory}/{thumbnail}")
    os.close(descriptor)
    shutil.rmtree(ledger.path(thumbnail_directory))
    for parent in [name, thumbnail_directory]:
        while parent := os.path.dirname(parent):
            try:
                os.rmdir(ledger.path(parent))
            except OSError as error:
                assert error.errno == errno.ENOTEMPTY, error
                break


def act(ledger, elsewhere):
    store(ledger, "local_content/Aa/Bb/CcDdEeFfGg", picture(1, "JPEG"))
    thumbnails(ledger, "local_content/Aa/Bb/CcDdEeFfGg", "local_thumbnails/Aa/Bb/CcDdEeFfGg")
    # PIL maps uncompressed pictures into memory.
    store(ledger, "local_content/Aa/Bb/Bitmap", picture(2, "PPM"))
    thumbnails(ledger, "local_content/Aa/Bb/Bitmap", "local_thumbnails/Aa/Bb/Bitmap")
    for number in range(2):
        name = f"{number}a/bb/remote"
        store(ledger, f"{REMOTE}/{name}", picture(3 + number, "PNG"))
        thumbnails(ledger, f"{REMOTE}/{name}", f"remote_thumbnail/[2001:db8::1]:8448/{name}")
    store(ledger, "url_cache/2026-11-21/abc.def[0]:1", picture(5, "PNG"))
    store(ledger, "remote_content/matrix.org:8448/ab/cd/empty", b"")
    missing(ledger)

    purge(ledger, f"{REMOTE}/0a/bb/remote", "remote_thumbnail/[2001:db8::1]:8448/0a/bb/remote")
    assert sorted(os.listdir(ledger.path(REMOTE))) == ["1a"]
    os.symlink("local_content", ledger.path("link"))
    for flags in [os.O_NOFOLLOW, os.O_NOFOLLOW | os.O_DIRECTORY]:
        with books.refused(errno.ENOTDIR if flags & os.O_DIRECTORY else errno.ELOOP):
            os.open(ledger.path("link"), os.O_RDONLY | flags)
    os.remove(ledger.path("link"))


def check(mount, elsewhere):
    ledger = books.Ledger(mount)
    missing(ledger)
    for name in ["local_content/Aa/Bb/CcDdEeFfGg", "local_content/Aa/Bb/Bitmap",
                 f"{REMOTE}/1a/bb/remote"]:
        with Image.open(ledger.path(name)) as image:
            image.load()
            assert image.size == (1280, 960)
    for width, height in SIZES:
        path = f"local_thumbnails/Aa/Bb/CcDdEeFfGg/{width}-{height}-image-jpeg-scale"
        with Image.open(ledger.path(path)) as image:
            image.load()
            assert max(image.size) <= max(width, height)


books.main(act, check)
