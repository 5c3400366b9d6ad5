#!/bin/bash
# in-chroot.sh ROOT DIR COMMAND...: runs COMMAND as it is when ROOT is "-"; else in the chroot
# ROOT with DIR, /dev, /sys and /proc bound inside. Those mounts live in a mount namespace of
# their own and go away with the process.
root=$1 dir=$2
shift 2
[ "$root" != - ] || exec "$@"
exec unshare --mount --propagation private bash -ec '
  root=$1 dir=$2
  shift 2
  mkdir -p "$root$dir"
  mount --bind "$dir" "$root$dir"
  mount --rbind /dev "$root/dev"
  mount --rbind /sys "$root/sys"
  mount -t proc proc "$root/proc"
  exec env -u LD_LIBRARY_PATH PATH=/usr/sbin:/usr/bin:/sbin:/bin chroot "$root" "$@"
' - "$root" "$dir" "$@"
