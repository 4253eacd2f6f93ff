# Where the guest's parts are kept; sourced by the scripts beside it. Everything that is made stays
# outside the tree, in $ZSWAPD_GUEST_CACHE or the user's cache folder.
export PATH=$PATH:/usr/sbin:/sbin
guest=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cache=${ZSWAPD_GUEST_CACHE:-${XDG_CACHE_HOME:-${HOME:-/tmp}/.cache}/zswapd-guest}
initrd=$cache/initrd.cpio

# Prints the path of the kernel's image, or nothing where setup.sh has not run.
kernel_image() {
  find "$cache/kernel/boot" -name 'vmlinuz-*' 2>/dev/null | head -n 1
}
