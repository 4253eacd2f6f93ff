#!/bin/bash
# Boots the guest against an NBD server that is already listening, prints its console, and exits 0
# if the guest said SWAPTEST PASS.
#   run.sh blk SOCKET [EXPORT]   QEMU is the NBD client; the guest sees a virtio disk
#   run.sh file PATH             no server: the disk is a file, past the page cache, to compare with
#   run.sh nbd PORT [EXPORT]     the guest's kernel is the NBD client, by TCP to 127.0.0.1:PORT
# Environment: RAM_MIB=128 HOG_MIB=256 (twice its RAM) SEED=1 CPUS=1 LIMIT_SECONDS=240
#   PAGES=FILE: the hog's contents are this file's pages, which the guest sees as a second disk
#   ERRORS_MIB=N: the hog, limited to so much memory, prints `PHASE NAME` and waits for a line on
#   standard input, so that its disk can be made to fail and to recover (see hog.c)
# Software emulation on purpose: it needs no rights, and runs inside virtual machines.
set -uo pipefail
# shellcheck source=paths.sh
. "$(dirname "$0")/paths.sh"

[[ $# -ge 2 ]] || { echo 'usage: run.sh blk SOCKET [EXPORT] | file PATH | nbd PORT [EXPORT]' >&2; exit 2; }
mode=$1 target=$2 export=${3:-}
ram=${RAM_MIB:-128} hog=${HOG_MIB:-256}
settings="zswapd.mode=$mode zswapd.hog=$hog zswapd.seed=${SEED:-1} zswapd.export=$export"
exec 3</dev/null
if [[ -n ${ERRORS_MIB:-} ]]; then
  settings+=" zswapd.errors=$ERRORS_MIB"
  exec 3<&0
fi

case $mode in
  blk) backend="driver=nbd,server.type=unix,server.path=$target,export=$export" ;;
  file) backend="driver=file,filename=$target,cache.direct=on,aio=${AIO:-native}" ;;
esac
if [[ $mode != nbd ]]; then
  devices=(
    -blockdev "$backend,node-name=swap,discard=unmap"
    -device 'virtio-blk-pci,drive=swap,werror=report,rerror=report,discard=on,write-zeroes=on,logical_block_size=4096,physical_block_size=4096'
  )
else
  settings+=" zswapd.port=$target"
  devices=(-netdev user,id=net -device virtio-net-pci,netdev=net,romfile=)
fi
if [[ -n ${PAGES:-} ]]; then
  settings+=' zswapd.pages=/dev/vdb'
  devices+=(
    -blockdev "driver=file,node-name=pages,filename=$PAGES,read-only=on"
    -device 'virtio-blk-pci,drive=pages'
  )
fi
console=$(mktemp)
trap 'rm -f "$console"' EXIT
timeout "${LIMIT_SECONDS:-240}" qemu-system-x86_64 \
  -machine q35 -accel tcg,thread=multi,tb-size=128 -cpu max -m "$ram" -smp "${CPUS:-1}" \
  -nodefaults -no-user-config -display none -no-reboot -serial stdio \
  -kernel "$(kernel_image)" -initrd "$initrd" \
  -append "console=ttyS0 quiet panic=-1 mitigations=off nokaslr $settings" \
  "${devices[@]}" <&3 2>&1 | sed -u 's/\r//g' | tee "$console"
grep -q '^SWAPTEST PASS' "$console"
