#!/bin/bash
# Fetches a guest's kernel into the cache, unpacked and never installed: Debian's cloud kernel, or
# with `generic` the generic one, which is larger and has zswap.
#   setup.sh [generic]
# Needs apt's package lists, no root. Does nothing where the kernel is there.
set -euo pipefail
# shellcheck source=paths.sh
. "$(dirname "$0")/paths.sh"

# memory.zswap.writeback came with 6.8, so where a release has two kernels, the newer one.
case ${1:-cloud} in
  cloud) folder=$cache/kernel names=(linux-image-cloud-amd64) ;;
  generic) folder=$generic_kernel names=(linux-image-6.12-amd64 linux-image-amd64) ;;
  *) echo 'usage: setup.sh [generic]' >&2 && exit 2 ;;
esac
[[ -n $(kernel_image "$folder") ]] && exit 0
if ! command -v apt-get >/dev/null || ! command -v dpkg-deb >/dev/null; then
  echo 'guest/setup: needs apt-get and dpkg-deb to fetch a kernel' >&2
  exit 3
fi
package=''
for name in "${names[@]}"; do
  package=$(apt-cache depends "$name" 2>/dev/null |
    awk '/Depends: linux-image-/ { print $2; exit }')
  [[ -n $package ]] && break
done
[[ -n $package ]] || { echo "guest/setup: apt knows no ${names[*]}" >&2; exit 3; }
mkdir -p "$cache"
work=$(mktemp -d "$cache/fetch.XXXXXX")
trap 'rm -rf "$work"' EXIT
chmod 755 "$work"
(cd "$work" && apt-get -q -o APT::Sandbox::User=root download "$package" >/dev/null)
dpkg-deb -x "$work"/*.deb "$work/root"
rm -rf "$folder"
mv "$work/root" "$folder"
echo "guest/setup: $package in $folder"
