"""A mount of the release build on the embedded store, for as long as a measurement takes."""
import contextlib
import os
import pathlib
import subprocess
import tempfile

PROGRAM = pathlib.Path(__file__).resolve().parents[2] / ".build/release/mediafs"
# They break plain HTTP endpoints, and a bundle of this machine is no part of a measurement.
FOREIGN = ("AWS_CA_BUNDLE", "CURL_CA_BUNDLE", "REQUESTS_CA_BUNDLE", "SSL_CERT_FILE")


def run(*words):
    environment = {name: value for name, value in os.environ.items() if name not in FOREIGN}
    subprocess.run([PROGRAM, *words], check=True, env=environment, stdout=subprocess.DEVNULL)


@contextlib.contextmanager
def mounted(**options):
    """The mount point; `cache__size="1GiB"` stands for `-o cache.size=1GiB`."""
    with tempfile.TemporaryDirectory(prefix="mediafs-bench-") as directory:
        place = {name: f"{directory}/{name}" for name in ("store", "state", "media")}
        for path in place.values():
            os.mkdir(path)
        chosen = {"cache__directory": place["state"], "cache__min_free": "0%", **options}
        text = ",".join(f"{name.replace('__', '.')}={value}" for name, value in chosen.items())
        run("mount", f"file://{place['store']}", place["media"], "-o", text)
        try:
            yield pathlib.Path(place["media"])
        finally:
            run("umount", place["media"])
