#!/usr/bin/env python3
"""A tree of files that follows from its seed, and the comparison of two trees.

    tree.py make DIR FILES SEED       makes DIR
    tree.py media DIR FILES MIB SEED  makes DIR of files with MIB MiB in all: empty, small and large
    tree.py manifest DIR > FILE       what the tree holds, as JSON for s3judge.py and `check`
    tree.py check DIR MANIFEST        prints what differs from the manifest; exit code 1 if anything

Kinds, names, bytes, modes, owners' times of files and links, modes of directories are compared.
"""
import hashlib
import json
import os
import random
import stat
import sys
from concurrent.futures import ThreadPoolExecutor

# The types that a browser expects; what no table knows is application/octet-stream.
TYPES = {
    "jpg": "image/jpeg", "JPG": "image/jpeg", "png": "image/png", "gif": "image/gif",
    "svg": "image/svg+xml", "webp": "image/webp", "mp4": "video/mp4", "webm": "video/webm",
    "mp3": "audio/mpeg", "pdf": "application/pdf", "txt": "text/plain", "html": "text/html",
    "css": "text/css", "json": "application/json", "zip": "application/zip",
    "qqq": "application/octet-stream", "": "application/octet-stream",
}
# Names that a shell, a URL, XML, a signature or a key could trip over.
HARD_NAMES = [
    "with space", "plus+plus", "percent%20", "hash#tag", "question?", "amp&amp;", "equals=",
    "tilde~", "star*", "quote'single", 'quote"double', "back\\slash", "semi;colon", "comma,",
    "colon:", "at@", "dollar$", "excl!", "paren(1)", "brace{}", "bracket[0]", "pipe|", "less<more>",
    "-dash", ".hidden", "trailing.", "trailing space ", " leading", "grüße", "gru\u0308ße",
    "日本語", "emoji😀", "кириллица", "tab\there", "newline\nhere", "caret^`", "%2F", "..dots", "bell\x07",
]
MODES = [0o644, 0o600, 0o640, 0o664, 0o755, 0o444, 0o700]
BLOCK = 1 << 20
# Files that are read at once: of a mount, each waits for its own bytes.
READERS = 16


def size_of(rnd):
    kind = rnd.random()
    if kind < 0.03:
        return 0
    if kind < 0.06:
        return rnd.choice([1, 4095, 4096, 4097, 65536, 131072])
    return min(int(rnd.lognormvariate(8.5, 1.6)), 200_000)


def hard_name(number, prefix):
    """A hard name while there are any, a plain one after that; each number has its own."""
    return HARD_NAMES[number] if number < len(HARD_NAMES) else f"{prefix}{number}"


def unused(path):
    return unused(path + " again") if os.path.lexists(path) else path


def make(root, count, seed):
    rnd = random.Random(seed)
    block = rnd.randbytes(BLOCK)
    os.makedirs(root)
    directories, files = [root], []
    for number in range(count):
        if number % 15 == 0:
            parent = rnd.choice([d for d in directories if d.count("/") - root.count("/") < 6])
            directories.append(unused(f"{parent}/{hard_name(number // 15, 'directory ')}"))
            os.mkdir(directories[-1])
        directory = directories[-1] if rnd.random() < 0.7 else rnd.choice(directories)
        stem = hard_name(number, "file ")
        extension = rnd.choice(list(TYPES))
        path = unused(f"{directory}/{stem}" + (f".{extension}" if extension else ""))
        if number % 50 == 49:
            os.symlink(os.path.relpath(rnd.choice(files), directory), path)
            continue
        size = size_of(rnd)
        start = rnd.randrange(BLOCK - size)
        with open(path, "wb") as file:
            file.write(block[start:start + size])
        os.chmod(path, rnd.choice(MODES))
        files.append(path)
    os.mkdir(f"{root}/empty directory")
    os.mkdir(f"{root}/private")
    os.chmod(f"{root}/private", 0o700)
    os.symlink("nowhere/at all", f"{root}/dangling link")
    set_times(root, rnd)


def media(root, count, mebibytes, seed):
    """Half of the bytes lie in four files, a quarter in sixteen; one in fifty is empty."""
    rnd = random.Random(seed)
    total = mebibytes << 20
    sizes = [total // 8 + rnd.randrange(BLOCK) for _ in range(4)]
    sizes += [total // 64 + rnd.randrange(BLOCK) for _ in range(16)]
    sizes += [0] * (count // 50)
    weights = [rnd.lognormvariate(0, 1.5) for _ in range(count - len(sizes))]
    unit = total / 4 / sum(weights)
    sizes += [int(weight * unit) for weight in weights]
    rnd.shuffle(sizes)
    os.makedirs(root)
    for number, size in enumerate(sizes):
        directory = f"{root}/{number // 100:02}"
        os.makedirs(directory, exist_ok=True)
        with open(f"{directory}/{number:04}.mp4", "wb") as file:
            for start in range(0, size, BLOCK):
                file.write(rnd.randbytes(min(BLOCK, size - start)))
    set_times(root, rnd)


def set_times(root, rnd):
    for directory, _, names in os.walk(root, topdown=False):
        for name in names:
            when = rnd.randrange(10**9, 17 * 10**8) * 10**9 + rnd.randrange(10**9)
            os.utime(f"{directory}/{name}", ns=(when, when), follow_symlinks=False)
        os.utime(directory, ns=(10**18, 10**18))


def sha256(path):
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while chunk := file.read(BLOCK):
            digest.update(chunk)
    return digest.hexdigest()


def content_type(name):
    stem, dot, extension = name.rpartition(".")
    return TYPES.get(extension if dot and stem else "", "application/octet-stream")


def describe(root, path):
    full = os.path.join(root, path)
    info = os.lstat(full)
    entry = {"path": path, "mode": info.st_mode}
    if stat.S_ISDIR(info.st_mode):
        # Beneath the root, with entries and the usual mode: the keys below imply it.
        implied = bool(os.listdir(full)) and stat.S_IMODE(info.st_mode) == 0o755
        return entry | {"kind": "directory", "implied": implied}
    entry["mtime"] = info.st_mtime_ns
    if stat.S_ISLNK(info.st_mode):
        return entry | {"kind": "link", "target": os.readlink(full)}
    return entry | {
        "kind": "file", "size": info.st_size, "sha256": sha256(full),
        "type": content_type(os.path.basename(path)),
    }


def manifest(root):
    paths = [
        os.path.relpath(f"{directory}/{name}", root)
        for directory, subdirectories, names in os.walk(root) for name in subdirectories + names
    ]
    with ThreadPoolExecutor(READERS) as pool:
        entries = list(pool.map(lambda path: describe(root, path), paths))
    return sorted(entries, key=lambda entry: entry["path"].encode())


def check(root, file):
    with open(file) as source:
        expected = {entry["path"]: entry for entry in json.load(source)}
    found = {entry["path"]: entry for entry in manifest(root)}
    problems = [f"missing: {path!r}" for path in expected.keys() - found.keys()]
    problems += [f"unexpected: {path!r}" for path in found.keys() - expected.keys()]
    for path in expected.keys() & found.keys():
        wanted, got = expected[path], found[path]
        problems += [
            f"{path!r}: {name} is {got.get(name)}, not {wanted[name]}"
            for name in wanted if wanted[name] != got.get(name)
        ]
    return sorted(problems)


def main():
    command, root = sys.argv[1:3]
    if command == "make":
        make(root, int(sys.argv[3]), int(sys.argv[4]))
    elif command == "media":
        media(root, *map(int, sys.argv[3:6]))
    elif command == "manifest":
        json.dump(manifest(root), sys.stdout)
    elif command == "check":
        problems = check(root, sys.argv[3])
        print("\n".join(problems[:50]))
        sys.exit(1 if problems else 0)
    else:
        sys.exit(__doc__)


if __name__ == "__main__":
    main()
