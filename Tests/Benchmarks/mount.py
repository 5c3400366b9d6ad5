"""A mount of the release build on the embedded store, for as long as a measurement takes."""
import contextlib
import os
import pathlib
import subprocess
import tempfile

PROGRAM = pathlib.Path(__file__).resolve().parents[2] / ".build/release/mediafs"
# They break plain HTTP endpoints, and a bundle of this machine is no part of a measurement.
FOREIGN = ("AWS_CA_BUNDLE", "CURL_CA_BUNDLE", "REQUESTS_CA_BUNDLE", "SSL_CERT_FILE")


def clean_environment():
    return {name: value for name, value in os.environ.items() if name not in FOREIGN}


def run(*words):
    subprocess.run(
        [PROGRAM, *words], check=True, env=clean_environment(), stdout=subprocess.DEVNULL)


@contextlib.contextmanager
def place():
    """Directories for a store, a state and a mount point."""
    with tempfile.TemporaryDirectory(prefix="mediafs-bench-") as directory:
        places = {name: f"{directory}/{name}" for name in ("store", "state", "media")}
        for path in places.values():
            os.mkdir(path)
        yield places


@contextlib.contextmanager
def mounted(**options):
    """The mount point; `cache__size="1GiB"` stands for `-o cache.size=1GiB`."""
    with place() as places:
        chosen = {"cache__directory": places["state"], "cache__min_free": "0%", **options}
        text = ",".join(f"{name.replace('__', '.')}={value}" for name, value in chosen.items())
        run("mount", f"file://{places['store']}", places["media"], "-o", text)
        try:
            yield pathlib.Path(places["media"])
        finally:
            run("umount", places["media"])
