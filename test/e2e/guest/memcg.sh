#!/bin/bash
# Boots a Linux with zswap and cgroup v2, has it take the steps of a script, and prints its console:
# `KERNEL release`, a line `FIGURES {…}` for each group shown, and `MEMCG PASS`. Exits 0 after that.
#   memcg.sh STEPS PAGES      PAGES: the file whose pages the groups' programs hold
# No zswapd takes part in it. Environment: RAM_MIB=512 LIMIT_SECONDS=240
set -euo pipefail
# shellcheck source=paths.sh
. "$(dirname "$0")/paths.sh"

[[ $# == 2 ]] || { echo 'usage: memcg.sh STEPS PAGES' >&2; exit 2; }
steps=$1 pages=$2
image=$(kernel_image "$generic_kernel")
[[ -n $image ]] || { echo 'guest/memcg: no kernel; run setup.sh generic first' >&2; exit 3; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
if ! up_to_date "$memcg_initrd" "$image" "$steps" "$guest"/{init-memcg,memcg-steps.c,paths.sh}; then
  root=$work/root
  mkdir -p "$root"/{bin,dev,proc,sys}
  cp "$guest/init-memcg" "$root/init"
  chmod 755 "$root/init"
  cp "$steps" "$root/steps.txt"
  cp "$(command -v busybox)" "$root/bin/busybox"
  "${CC:-cc}" -O2 -static -o "$root/bin/memcg-steps" "$guest/memcg-steps.c"
  pack_modules "$generic_kernel" "$root" virtio_pci virtio_blk lz4
  pack_initrd "$root" "$memcg_initrd"
fi
truncate -s 64M "$work/swap"
timeout "${LIMIT_SECONDS:-240}" qemu-system-x86_64 \
  -machine q35 -accel tcg,thread=multi,tb-size=128 -cpu max -m "${RAM_MIB:-512}" -smp 1 \
  -nodefaults -no-user-config -display none -no-reboot -serial stdio \
  -kernel "$image" -initrd "$memcg_initrd" \
  -append 'console=ttyS0 quiet panic=-1 mitigations=off nokaslr' \
  -drive "file=$work/swap,format=raw,if=virtio" \
  -drive "file=$pages,format=raw,if=virtio,readonly=on" \
  </dev/null 2>&1 | tr -d '\r' | tee "$work/console" || true
grep -q '^MEMCG PASS' "$work/console"
