#!/bin/bash
# The main job in one minute: a bucket in a local directory, mounted, written to and read from.
# Run by `make quickstart` after the release build; may be run again at any time.
set -euo pipefail
cd "$(dirname "$0")/../.."
PROGRAM=${MEDIAFS_PROGRAM:-$PWD/.build/release/mediafs}
BASE=${MEDIAFS_QUICKSTART:-/tmp/mediafs-quickstart}
STORE=$BASE/store
MOUNT=$BASE/media
CACHE=$BASE/cache

say() { printf '\n\033[1m%s\033[0m\n' "$*"; }
show() {
  echo "\$ $*"
  "$@"
}

[ -c /dev/fuse ] || {
  echo "mediafs needs /dev/fuse: modprobe fuse" >&2
  exit 1
}
mkdir -p "$STORE" "$MOUNT" "$CACHE"
export PATH="$(dirname "$PROGRAM"):$PATH"

if mountpoint -q "$MOUNT"; then
  say "Still mounted from the last time: unmounting first"
  show mediafs umount "$MOUNT"
fi

say "1. Mount the namespace 'demo' of an embedded store in a directory"
show mediafs mount "file://$STORE/demo" "$MOUNT" \
  -o "cache.directory=$CACHE,upload.delay=1s"

say "2. Write and read a file through the mount"
echo "written at $(date)" > "$MOUNT/hello.txt"
show cat "$MOUNT/hello.txt"

say "3. Wait until the store has it"
show mediafs flush "$MOUNT" --timeout 60s
show mediafs status "$MOUNT"

say "4. The object in the store: one file is one object"
show find "$STORE" -name hello.txt
show cmp "$MOUNT/hello.txt" "$(find "$STORE" -name hello.txt -print -quit)"

say "Mounted at $MOUNT. Use it like any directory, and unmount with:"
echo "  $PROGRAM umount $MOUNT"
