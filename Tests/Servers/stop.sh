#!/bin/bash
# stop.sh DIR: ends the processes that a starter recorded in DIR, and no others.
. "$(dirname "$0")/common.sh"
[ $# -eq 1 ] || die "usage: $0 DIR"
stop "$1"
