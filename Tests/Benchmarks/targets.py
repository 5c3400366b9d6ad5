"""What is measured: a directory, or a file system over one or over a bucket, mounted for a while.

Each is a context manager that yields a `Target`. All lie on the same disk. File systems over a
bucket run with what they are without options, but for the cache: all keep whole files locally.
When one ends, it is noted what its daemon takes by then.
"""
import contextlib
import dataclasses
import http.client
import json
import os
import pathlib
import shutil
import socket
import subprocess
import sys
import tempfile
import time

import settings
import work

PATIENCE = 60


@dataclasses.dataclass
class Target:
    """`drain` returns when nothing is left that the daemon does on its own account."""
    name: str
    path: pathlib.Path
    pid: int | None = None
    drain: callable = lambda: None


@dataclasses.dataclass
class Note:
    """What a daemon took at the end of its life."""
    group: str
    target: str
    resident: float
    peak: float
    threads: int
    descriptors: int


class Notes:
    """The notes of this run, by group."""

    def __init__(self):
        self.group = ""
        self.taken = []

    def begin(self, group):
        self.group = group

    def take(self, target, pid):
        note = look(self.group, target, pid)
        if note is not None:
            self.taken.append(note)

    def worst(self, target, field):
        """Of all daemons of that name that have ended."""
        return max((getattr(n, field) for n in self.taken if n.target == target), default=None)

    def lines(self, group):
        """What the daemons of each target took at most."""
        taken = [note for note in self.taken if note.group == group]
        for name in dict.fromkeys(note.target for note in taken):
            resident, peak, threads, descriptors = (
                max(getattr(note, field) for note in taken if note.target == name)
                for field in ("resident", "peak", "threads", "descriptors"))
            yield (
                f"{name} at its end: {resident:.0f} MiB resident ({peak:.0f} before), "
                f"{threads} threads, {descriptors} descriptors")

    def records(self):
        return [dataclasses.asdict(note) for note in self.taken]


notes = Notes()


def look(group, target, pid):
    """What a process takes now; None if it is gone."""
    try:
        text = pathlib.Path(f"/proc/{pid}/status").read_text()
        fields = dict(line.split(":", 1) for line in text.splitlines())
        return Note(
            group, target, int(fields["VmRSS"].split()[0]) / 1_024,
            int(fields["VmHWM"].split()[0]) / 1_024, int(fields["Threads"]),
            len(os.listdir(f"/proc/{pid}/fd")))
    except (OSError, KeyError):
        return None


@contextlib.contextmanager
def scratch():
    """A directory on the disk of the measurements."""
    with tempfile.TemporaryDirectory(
            prefix="mediafs-bench-", dir=settings.DISK, ignore_cleanup_errors=True) as directory:
        yield pathlib.Path(directory)


@contextlib.contextmanager
def mounted(name, words, path, log, environment=None):
    """Runs a daemon in the foreground until the end, when its mount is taken away."""
    with open(log, "wb") as output:
        daemon = subprocess.Popen(
            words, stdin=subprocess.DEVNULL, stdout=output, stderr=output, env=environment)
    try:
        end = time.monotonic() + PATIENCE
        while not os.path.ismount(path):
            if daemon.poll() is not None or time.monotonic() > end:
                text = pathlib.Path(log).read_text(errors="replace")
                raise RuntimeError(f"{name} does not mount:\n{text[-2_000:]}")
            time.sleep(0.002)
        yield daemon
    finally:
        notes.take(name, daemon.pid)
        unmount(path)
        try:
            daemon.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            daemon.kill()
            daemon.wait()


def unmount(path):
    """Something may look into a directory for a moment yet; and a daemon may hang."""
    end = time.monotonic() + PATIENCE
    while os.path.ismount(path) and time.monotonic() < end:
        try:
            if subprocess.run(
                    ["umount", path], stderr=subprocess.DEVNULL, timeout=PATIENCE).returncode == 0:
                return
        except subprocess.TimeoutExpired:
            break
        time.sleep(0.1)
    if os.path.ismount(path):
        subprocess.run(["umount", "-l", path], check=False)


@contextlib.contextmanager
def plain(store=None, bucket=None):
    with scratch() as directory:
        yield Target("plain", directory)


@contextlib.contextmanager
def passthrough(store=None, bucket=None, name="passthrough_hp", options=()):
    """libfuse's own example: what FUSE costs with nothing behind it."""
    with scratch() as directory:
        source, path = directory / "source", directory / "media"
        source.mkdir()
        path.mkdir()
        words = [settings.PASSTHROUGH, "--foreground", *options, source, path]
        with mounted(name, words, path, directory / "log") as daemon:
            # It keeps a descriptor of every file that the kernel knows, and has so many.
            yield Target(name, path, daemon.pid, work.drop_page_cache)


# The same, but each write comes to the daemon: by splice(2), and with a copy, as to mediafs.
SPLICED, COPIED = "passthrough_hp spliced", "passthrough_hp copied"


def spliced(store=None, bucket=None):
    return passthrough(store, bucket, SPLICED, ("--nopassthrough",))


def copied(store=None, bucket=None):
    return passthrough(store, bucket, COPIED, ("--nopassthrough", "--nosplice"))


@contextlib.contextmanager
def mediafs(store, bucket, **options):
    """The cache has room for everything."""
    with scratch() as directory:
        with serving(
                directory, f"s3://{bucket}", store.environment, store.enter,
                s3__endpoint=store.endpoint, **options) as target:
            yield target


@contextlib.contextmanager
def embedded(directory, **options):
    """mediafs on a directory that it takes for a bucket: where no network is to be measured."""
    (directory / "store").mkdir(exist_ok=True)
    with serving(directory, f"file://{directory}/store", **options) as target:
        yield target


@contextlib.contextmanager
def serving(directory, source, environment=None, enter=(), **options):
    """On `directory/media`, with its state in `directory/state`, where a later one finds it."""
    path, log = directory / "media", directory / "log"
    path.mkdir(exist_ok=True)
    words = [*enter, *mount_words(directory, source, **options)]
    with mounted("mediafs", words, path, log, environment) as daemon:
        yield Target("mediafs", path, daemon.pid, lambda: flush(path))


def mount_words(directory, source, **options):
    """`cache__size="1GiB"` stands for `-o cache.size=1GiB`."""
    chosen = {
        "cache__directory": str(directory / "state"), "cache__size": "40GiB",
        "cache__min_free": "0%", **options}
    text = ",".join(f"{name.replace('__', '.')}={value}" for name, value in chosen.items())
    return [
        settings.PROGRAM, "mount", source, directory / "media", "--foreground", "-o", text]


def flush(path):
    """Until everything is in the bucket."""
    subprocess.run(
        [settings.PROGRAM, "flush", path, "--no-progress"], check=True, stdout=subprocess.DEVNULL)


@contextlib.contextmanager
def rclone(store, bucket):
    with scratch() as directory:
        path, control = directory / "media", directory / "control"
        path.mkdir()
        words = [
            *store.enter, settings.TOOLS / "rclone", "mount", f":s3:{bucket}", path,
            *store.rclone_options, "--vfs-cache-mode", "full", "--cache-dir", directory / "cache",
            "--rc", "--rc-addr", f"unix://{control}", "--rc-no-auth"]
        log = directory / "log"
        with mounted("rclone", words, path, log, store.environment) as daemon:
            yield Target("rclone", path, daemon.pid, lambda: wait_for_uploads(control))


def wait_for_uploads(control):
    """rclone uploads some seconds after a file was closed; until it says that it has."""
    quiet = 0
    while quiet < 2:
        connection = http.client.HTTPConnection("localhost")
        connection.sock = socket.socket(socket.AF_UNIX)
        connection.sock.connect(str(control))
        connection.request("POST", "/vfs/stats", "{}", {"Content-Type": "application/json"})
        cache = json.load(connection.getresponse())["diskCache"]
        connection.close()
        quiet = 0 if cache["uploadsInProgress"] + cache["uploadsQueued"] else quiet + 1
        time.sleep(0.2)


@contextlib.contextmanager
def s3fs(store, bucket):
    with scratch() as directory:
        path, secret = directory / "media", directory / "password"
        path.mkdir()
        secret.write_text(f"{store.access_key}:{store.secret_key}\n")
        secret.chmod(0o600)
        words = [
            *store.enter, "s3fs", bucket, path, "-f", "-o",
            f"url={store.endpoint},use_path_request_style,use_cache={directory / 'cache'},"
            f"passwd_file={secret}"]
        with mounted("s3fs", words, path, directory / "log", store.environment) as daemon:
            yield Target("s3fs", path, daemon.pid)


MAKERS = {
    "plain": plain, "passthrough_hp": passthrough, "mediafs": mediafs, "rclone": rclone,
    "s3fs": s3fs}
ALL = tuple(MAKERS)
MAKERS |= {SPLICED: spliced, COPIED: copied}


def is_there(name):
    if name in ("passthrough_hp", SPLICED, COPIED):
        return settings.PASSTHROUGH.exists()
    return name != "s3fs" or shutil.which("s3fs") is not None


@contextlib.contextmanager
def together(store, bucket_of, names=ALL):
    """Targets by name, all at once: rounds go from one to the next, so that what disturbs the
    machine for a while hits all. `bucket_of(name)` says the bucket of each."""
    with contextlib.ExitStack() as stack:
        found = {}
        for name in names:
            if not is_there(name):
                print(f"bench: no {name} on this machine", file=sys.stderr)
                continue
            bucket = bucket_of(name) if name in ("mediafs", *settings.RIVALS) else None
            try:
                found[name] = stack.enter_context(MAKERS[name](store, bucket))
            except RuntimeError as error:
                if name == "mediafs":
                    raise
                print(f"bench: {error}", file=sys.stderr)
        yield found


def rounds(found, count, rival_counts=None):
    """Each target once a round, every other round in reverse: a virtual disk that lets the first
    one write faster than the next does so for everybody once. Rivals, who take their time, take
    part in some rounds only: `rival_counts` says in how many."""
    rival_counts = settings.RIVAL_ROUNDS if rival_counts is None else rival_counts
    for number in range(count):
        for name, target in list(found.items())[::-1 if number % 2 else 1]:
            if number < rival_counts.get(name, count):
                yield number, target


@contextlib.contextmanager
def failing(what, target):
    """A target that fails has no figure, and the others go on."""
    try:
        yield
    except (OSError, subprocess.SubprocessError, RuntimeError) as error:
        print(f"bench: {target.name} failed: {what}: {error}", file=sys.stderr, flush=True)
