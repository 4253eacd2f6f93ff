#!/bin/bash
# Builds the guest's initial RAM disk: busybox, nbd-client, the hog, the kernel's block and network
# modules in load order, and init. Does nothing where it is newer than all it is made of.
set -euo pipefail
# shellcheck source=paths.sh
. "$(dirname "$0")/paths.sh"

image=$(kernel_image)
[[ -n $image ]] || { echo 'guest/mkguest: no kernel; run setup.sh first' >&2; exit 3; }
up_to_date "$initrd" "$image" "$guest"/{init,hog.c,mkguest.sh,paths.sh} && exit 0

root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT
mkdir -p "$root"/{bin,dev,proc,sys}
cp "$guest/init" "$root/init"
chmod 755 "$root/init"
cp "$(command -v busybox)" "$root/bin/busybox"
"${CC:-cc}" -O2 -static -o "$root/bin/hog" "$guest/hog.c"

# Only the guest's own nbd driver needs nbd-client: without it `run.sh blk` still works.
if client=$(command -v nbd-client); then
  cp "$client" "$root/bin/nbd-client"
  ldd "$client" | grep -o '/[^ ]*' | while read -r library; do
    mkdir -p "$root${library%/*}"
    cp -L "$library" "$root$library"
  done
fi
pack_modules "$cache/kernel" "$root" virtio_pci virtio_blk virtio_net nbd
pack_initrd "$root" "$initrd"
echo "guest/mkguest: $initrd for ${image##*/vmlinuz-}"
