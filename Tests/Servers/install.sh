#!/bin/bash
# install.sh SET...: brings what building and testing need; quick when everything is there.
#
#   build     system libraries and tools to build and to mount
#   test      what `make test` adds: Ceph's gateway, boto3, MiniStack, the applications (or
#             their libraries) whose use of a mount is tested
#   swift     OpenStack Swift in a virtual environment
#   ceph20    Ceph 20 in a chroot (676 MB)
#   bench     what `make bench` compares with: fio, s3fs, rclone, the AWS command line, libfuse's
#             own example of a file system
#
# Packages come from Debian and PyPI. Python tools, the chroot and the example are kept under
# $MEDIAFS_TEST_CACHE (default .build/test-cache).
set -euo pipefail
HERE=$(cd "$(dirname "$0")" && pwd)
mkdir -p "${MEDIAFS_TEST_CACHE:-$HERE/../../.build/test-cache}"
CACHE=$(cd "${MEDIAFS_TEST_CACHE:-$HERE/../../.build/test-cache}" && pwd)

as_root() { if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi; }

# Installs packages that are missing, without letting them start services.
apt_install() {
  local missing=() package
  for package in "$@"; do
    dpkg-query -W -f='${Status}' "$package" 2> /dev/null | grep -q 'ok installed' ||
      missing+=("$package")
  done
  [ ${#missing[@]} -gt 0 ] || return 0
  echo "Installing: ${missing[*]}"
  local policy=/usr/sbin/policy-rc.d own=
  if [ ! -e $policy ]; then
    own=yes
    printf '#!/bin/sh\nexit 101\n' | as_root tee $policy > /dev/null
    as_root chmod +x $policy
  fi
  local status=0
  if [ -z "${APT_UPDATED:-}" ]; then
    as_root apt-get update -q -o DPkg::Lock::Timeout=900
    APT_UPDATED=yes
  fi
  as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends \
    -o DPkg::Lock::Timeout=900 "${missing[@]}" || status=$?
  [ -z "$own" ] || as_root rm -f $policy
  return $status
}

# make_venv NAME REQUIREMENTS-FILE [FILE]: a virtual environment that matches the files; what the
# second one names is installed without what it asks for.
make_venv() {
  local venv="$CACHE/$1" pip="$CACHE/$1/bin/pip"
  cat "${@:2}" | cmp -s - "$venv/.installed" && return 0
  echo "Installing $(cat "${@:2}" | tr '\n' ' ')into $venv"
  rm -rf "$venv"
  python3 -m venv "$venv"
  "$pip" install -q --disable-pip-version-check -r "$2"
  [ $# -lt 3 ] || "$pip" install -q --disable-pip-version-check --no-deps -r "$3"
  cat "${@:2}" > "$venv/.installed"
}

# The mirror that this system has its packages from.
mirror() {
  awk '/^URIs:/ { print $2; exit } $1 == "deb" { print $2; exit }' \
    /etc/apt/sources.list.d/debian.sources /etc/apt/sources.list 2> /dev/null
}

make_ceph20() {
  local root="$CACHE/ceph20"
  [ ! -e "$root/.complete" ] || return 0
  apt_install mmdebstrap
  as_root rm -rf "$root"
  # A mirror may be a snapshot whose index has run out.
  as_root mmdebstrap --quiet --variant=apt \
    --include=ceph-mon,ceph-osd,radosgw,ceph-common \
    --aptopt='APT::Install-Recommends "false"' \
    --aptopt='Acquire::Check-Valid-Until "false"' sid "$root" "$(mirror)"
  as_root touch "$root/.complete"
}

# fetch_fuse DIR: the source package of libfuse in sid, with package lists of its own.
fetch_fuse() (
  cd "$1"
  mkdir lists cache
  echo "deb-src $(mirror) sid main" > sources.list
  sid() {
    apt-get -q -o Dir::Etc::SourceList="$1/sources.list" -o Dir::Etc::SourceParts=/dev/null \
      -o Dir::State::Lists="$1/lists" -o Dir::Cache="$1/cache" -o APT::Sandbox::User=root \
      -o Acquire::Check-Valid-Until=false "${@:2}"
  }
  sid "$1" update
  sid "$1" source --download-only fuse3
  tar -xf fuse3_*.orig.tar.*z
)

# libfuse's own example of a file system over a directory, with FUSE passthrough, which it has
# from 3.17 on: Debian 12 is older. Nothing but a benchmark wants it, so it may be missing.
make_passthrough() {
  local program="$CACHE/passthrough_hp" work
  [ ! -e "$program" ] || return 0
  apt_install meson ninja-build g++ pkg-config
  work=$(mktemp -d)
  echo "Building libfuse's passthrough_hp"
  if fetch_fuse "$work" > "$CACHE/passthrough_hp.log" 2>&1 &&
    cd "$work"/fuse-3.* &&
    meson setup build -Ddefault_library=static -Dutils=false -Dexamples=true -Dtests=false \
      -Dbuildtype=release >> "$CACHE/passthrough_hp.log" 2>&1 &&
    ninja -C build example/passthrough_hp >> "$CACHE/passthrough_hp.log" 2>&1; then
    mv build/example/passthrough_hp "$program"
  else
    echo "install.sh: no passthrough_hp, see $CACHE/passthrough_hp.log" >&2
  fi
  cd "$HERE"
  rm -rf "$work"
}

exec 9> "$CACHE/.lock"
flock 9
for set in "$@"; do
  case $set in
    build)
      apt_install libfuse3-dev fuse3 libcurl4-openssl-dev libssl-dev libsqlite3-dev pkg-config \
        media-types
      ;;
    test)
      apt_install python3 python3-venv curl diffutils rsync acl attr e2fsprogs xfsprogs procps \
        util-linux mount faketime git sqlite3 stress-ng dbench poppler-utils imagemagick \
        tesseract-ocr ceph-mon ceph-osd radosgw ceph-common
      make_venv venv "$HERE/requirements.txt" "$HERE/requirements-alone.txt"
      ;;
    swift)
      apt_install memcached liberasurecode1 liberasurecode-dev gcc libc6-dev python3-dev
      make_venv venv-swift "$HERE/requirements-swift.txt"
      ;;
    ceph20) make_ceph20 ;;
    bench)
      apt_install python3 python3-venv curl procps util-linux mount gcc libc6-dev fio s3fs \
        ceph-mon ceph-osd radosgw ceph-common
      make_venv venv-bench "$HERE/../Benchmarks/requirements-bench.txt"
      make_passthrough
      ;;
    *)
      echo "install.sh: unknown set $set" >&2
      exit 2
      ;;
  esac
done
