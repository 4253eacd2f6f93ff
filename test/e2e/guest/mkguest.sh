#!/bin/bash
# Builds the guest's initial RAM disk: busybox, nbd-client, the hog, the kernel's block and network
# modules in load order, and init. Does nothing where it is newer than all it is made of.
set -euo pipefail
# shellcheck source=paths.sh
. "$(dirname "$0")/paths.sh"

image=$(kernel_image)
[[ -n $image ]] || { echo 'guest/mkguest: no kernel; run setup.sh first' >&2; exit 3; }
up_to_date=1
for source in "$image" "$guest"/{init,hog.c,mkguest.sh}; do
  [[ $initrd -nt $source ]] || up_to_date=0
done
((up_to_date)) && exit 0

release=${image##*/vmlinuz-}
root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT
mkdir -p "$root"/{bin,dev,proc,sys,modules}
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

depmod -b "$cache/kernel" "$release"
for module in virtio_pci virtio_blk virtio_net nbd; do
  modprobe -d "$cache/kernel" -S "$release" --show-depends "$module"
done | awk '/^insmod/ && !seen[$2]++ { print $2 }' | while read -r file; do
  name=$(basename "$file")
  case $name in
    *.xz) name=${name%.xz} && xz -dc "$file" >"$root/modules/$name" ;;
    *.zst) name=${name%.zst} && zstd -dcq "$file" >"$root/modules/$name" ;;
    *) cp "$file" "$root/modules/$name" ;;
  esac
  echo "$name" >>"$root/modules/order"
done

(cd "$root" && find . | LC_ALL=C sort | cpio --quiet -o -H newc) >"$initrd.new"
mv "$initrd.new" "$initrd"
echo "guest/mkguest: $initrd for $release"
