/**
 * The public face of `zswapd/testing`: contract suites that an own codec, allocator, device or disk
 * can be held against. They import no test runner; it is passed in.
 */
export * from './codec-contract.ts';
export * from './device-contract.ts';
export * from './zpool-contract.ts';
export { RamDisk } from './ram-disk.ts';
