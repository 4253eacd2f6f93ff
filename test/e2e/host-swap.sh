#!/bin/bash
# The machine's own kernel swaps onto an NBD server that is already listening, with no nbd driver:
#   server <- nbdfuse <- loop device <- swapon --discard, with the hog in a memory control group
#   host-swap.sh SOCKET [EXPORT]     environment: LIMIT_MIB=64 HOG_MIB=160
# Only the hog's group reclaims, and server, nbdfuse and loop device are outside of it, so reclaim
# never waits for itself. Needs root, /dev/fuse, a loop device, and no other swap: exits 77 with one
# line where it cannot run, 0 if every byte came back, 1 otherwise.
set -uo pipefail
export PATH=$PATH:/usr/sbin:/sbin
here=$(cd "$(dirname "$0")" && pwd)
limit=${LIMIT_MIB:-64} hog=${HOG_MIB:-160}

[[ $# -ge 1 ]] || { echo 'usage: host-swap.sh SOCKET [EXPORT]' >&2; exit 2; }
cannot() { echo "host-swap: cannot run here: $*"; exit 77; }
[[ $EUID == 0 ]] || cannot 'not root'
[[ -w /dev/fuse && -w /dev/loop-control ]] || cannot 'no FUSE or no loop devices'
command -v nbdfuse >/dev/null || cannot 'no nbdfuse'
[[ $(wc -l </proc/swaps) == 1 ]] || cannot 'another swap is active'

work=$(mktemp -d) loop='' group='' fuse=''
cleanup() {
  if [[ -n $loop ]]; then
    swapoff "$loop" 2>/dev/null
    losetup -d "$loop"
  fi
  [[ -n $fuse ]] && fusermount3 -u "$work/mount" && wait "$fuse"
  [[ -n $group ]] && rmdir "$group"
  rm -rf "$work"
}
trap cleanup EXIT
wait_for() {
  for _ in {1..100}; do
    "$@" && return
    sleep 0.1
  done
  return 1
}

"${CC:-cc}" -O2 -o "$work/hog" "$here/guest/hog.c" || cannot 'no C compiler'
mkdir "$work/mount"
nbdfuse "$work/mount/disk" "nbd+unix:///${2:-}?socket=$1" &
fuse=$!
wait_for test -e "$work/mount/disk" || { echo 'host-swap: nbdfuse shows no file'; exit 1; }
loop=$(losetup --find --show --direct-io=on "$work/mount/disk") || exit 1
mkswap -q "$loop" && swapon --discard "$loop" || exit 1

if [[ -d /sys/fs/cgroup/memory ]]; then
  group=/sys/fs/cgroup/memory/zswapd-host-swap.$$ limit_file=memory.limit_in_bytes
else
  group=/sys/fs/cgroup/zswapd-host-swap.$$ limit_file=memory.max
  grep -qw memory /sys/fs/cgroup/cgroup.subtree_control 2>/dev/null ||
    echo +memory >/sys/fs/cgroup/cgroup.subtree_control || cannot 'no memory control group'
fi
mkdir "$group" && echo $((limit << 20)) >"$group/$limit_file" || exit 1

counter() { awk -v name="$1" '$1 == name { print $2 }' /proc/vmstat; }
in_before=$(counter pswpin) out_before=$(counter pswpout)
(echo "$BASHPID" >"$group/cgroup.procs" && exec timeout 180 "$work/hog" "$hog")
status=$?
in=$(($(counter pswpin) - in_before)) out=$(($(counter pswpout) - out_before))
swapoff "$loop" || status=1
verdict=FAIL
[[ $status == 0 ]] && ((in > 1000 && out > 1000)) && verdict=PASS
echo "HOSTSWAP $verdict hog=$status pswpin=$in pswpout=$out"
[[ $verdict == PASS ]]
