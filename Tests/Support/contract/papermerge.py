#!/usr/bin/env python3
"""Papermerge: uploads that are copied in with sendfile, pages and thumbnails by external tools that
are given paths, versions that are counted by listing, random reads of PDFs."""
import os
import random
import shutil
import stat
import subprocess

from PIL import Image, ImageDraw, ImageFont

import ledger as books

# Debian's own programs, whatever else is on the machine.
TOOLS = {"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", "OMP_THREAD_LIMIT": "1"}
WORDS = ["INVOICE", "RECEIPT"]
DOCUMENT = "docvers/4f/2a/4f2a77aa/scan.pdf"
PAGES = "pages/4f/2a/4f2a77aa"


def make_document(path):
    """One page for each word."""
    pages = []
    for word in WORDS:
        page = Image.new("L", (1240, 877), 255)
        ImageDraw.Draw(page).text((150, 350), word, fill=0, font=ImageFont.load_default(150))
        pages.append(page)
    pages[0].save(path, "PDF", resolution=150, save_all=True, append_images=pages[1:])
    with open(path, "rb") as file:
        return file.read()


def run(*command):
    done = subprocess.run(command, env=TOOLS, capture_output=True, text=True)
    assert done.returncode == 0, (command, done.stdout, done.stderr)
    return done.stdout


def copies(ledger, elsewhere):
    """shutil.copyfile and copy, which use sendfile(2), and the call itself in two halves."""
    source = os.path.join(elsewhere, "scan.pdf")
    data = make_document(source)
    os.chmod(source, 0o640)
    os.makedirs(ledger.path(os.path.dirname(DOCUMENT)))
    assert shutil._USE_CP_SENDFILE
    shutil.copyfile(source, ledger.path(DOCUMENT))
    ledger.file(DOCUMENT, data)
    shutil.copy(source, ledger.path("docvers/4f/2a/4f2a77aa/copy.pdf"))
    ledger.file("docvers/4f/2a/4f2a77aa/copy.pdf", data, mode=0o640)
    shutil.copy2(ledger.path(DOCUMENT), ledger.path("docvers/inside.pdf"))
    ledger.file("docvers/inside.pdf", data)

    with open(source, "rb") as reader, open(ledger.path("halves.pdf"), "wb") as writer:
        half = len(data) // 2
        for count in (half, len(data) - half):
            while count > 0:
                count -= os.sendfile(writer.fileno(), reader.fileno(), None, count)
    ledger.file("halves.pdf", data)
    return data


def tools(ledger):
    """What the worker calls for each document: by path, read and write on the mount."""
    os.makedirs(ledger.path(PAGES))
    run("pdftoppm", "-jpeg", "-r", "150", ledger.path(DOCUMENT), ledger.path(f"{PAGES}/page"))
    assert sorted(os.listdir(ledger.path(PAGES))) == ["page-1.jpg", "page-2.jpg"]
    for number, word in enumerate(WORDS, 1):
        page = f"{PAGES}/page-{number}"
        run("convert", ledger.path(f"{page}.jpg"), "-resize", "100x", ledger.path(f"{page}.png"))
        run("tesseract", ledger.path(f"{page}.jpg"), ledger.path(page), "--psm", "6", "txt")
        with open(ledger.path(f"{page}.txt")) as file:
            assert word in file.read()
        for extension in ("jpg", "png", "txt"):
            ledger.product(f"{page}.{extension}")


def versions(ledger):
    """A document's versions are counted: an entry too much is a version that does not exist."""
    for number in range(1, 31):
        path = ledger.path(f"docs/7/v{number}")
        os.makedirs(path)
        for page in range(3):
            with open(f"{path}/page_{page}.txt", "w") as file:
                file.write(f"version {number}, page {page}")
        assert len(os.listdir(ledger.path("docs/7"))) == number
        assert len(list(os.scandir(path))) == 3
    for number in range(3, 31):
        shutil.rmtree(ledger.path(f"docs/7/v{number}"))
        assert len(os.listdir(ledger.path("docs/7"))) == 2 + 30 - number
    for number in (1, 2):
        for page in range(3):
            text = f"version {number}, page {page}".encode()
            ledger.file(f"docs/7/v{number}/page_{page}.txt", text)
    links = os.stat(ledger.path("docs/7")).st_nlink
    assert links == 4, f"a directory with two in it has {links} links"


def read_at_random(path, data):
    rnd = random.Random(7)
    with open(path, "rb", buffering=0) as file:
        for _ in range(200):
            offset = rnd.randrange(len(data))
            file.seek(offset)
            assert file.read(1_000) == data[offset:offset + 1_000], offset


def act(ledger, elsewhere):
    data = copies(ledger, elsewhere)
    read_at_random(ledger.path(DOCUMENT), data)
    tools(ledger)
    versions(ledger)


def check(mount, elsewhere):
    assert len(os.listdir(os.path.join(mount, "docs/7"))) == 2
    assert len(os.listdir(os.path.join(mount, PAGES))) == 6
    with open(os.path.join(elsewhere, "scan.pdf"), "rb") as file:
        read_at_random(os.path.join(mount, DOCUMENT), file.read())
    assert "Pages:           2" in run("pdfinfo", os.path.join(mount, DOCUMENT))
    mode = os.stat(os.path.join(mount, "docvers/4f/2a/4f2a77aa/copy.pdf")).st_mode
    assert stat.S_IMODE(mode) == 0o640


books.main(act, check)
