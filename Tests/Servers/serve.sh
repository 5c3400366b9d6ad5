#!/bin/bash
# serve.sh NAME: runs NAME-start.sh in a temporary directory, prints its environment and READY,
# and stops the server when standard input closes. A harness holds the other end of that pipe, so
# the server goes away with it, however it ends.
. "$(dirname "$0")/common.sh"
[ $# -eq 1 ] || die "usage: $0 NAME"
SERVING=$(mktemp -d "/tmp/mediafs-$1-XXXXXX")
finish() {
  stop "$SERVING"
  rm -rf --one-file-system "$SERVING"
}
trap finish EXIT
"$SERVERS/$1-start.sh" "$SERVING"
echo READY
cat > /dev/null
