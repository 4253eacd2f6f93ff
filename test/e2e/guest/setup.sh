#!/bin/bash
# Fetches the guest's kernel into the cache: Debian's cloud kernel, unpacked and never installed.
# Needs apt's package lists, no root. Does nothing where the kernel is there.
set -euo pipefail
# shellcheck source=paths.sh
. "$(dirname "$0")/paths.sh"

[[ -n $(kernel_image) ]] && exit 0
if ! command -v apt-get >/dev/null || ! command -v dpkg-deb >/dev/null; then
  echo 'guest/setup: needs apt-get and dpkg-deb to fetch a kernel' >&2
  exit 3
fi
package=$(apt-cache depends linux-image-cloud-amd64 | awk '/Depends: linux-image-/ { print $2; exit }')
[[ -n $package ]] || { echo 'guest/setup: apt knows no linux-image-cloud-amd64' >&2; exit 3; }
mkdir -p "$cache"
work=$(mktemp -d "$cache/fetch.XXXXXX")
trap 'rm -rf "$work"' EXIT
chmod 755 "$work"
(cd "$work" && apt-get -q -o APT::Sandbox::User=root download "$package" >/dev/null)
dpkg-deb -x "$work"/*.deb "$work/root"
rm -rf "$cache/kernel"
mv "$work/root" "$cache/kernel"
echo "guest/setup: $package in $cache/kernel"
