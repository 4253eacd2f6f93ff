/**
 * The `zstd` codec: an own kernel written from RFC 8878 at the levels that are used most, libzstd
 * as WebAssembly from a package at the others. The kernel reads what either writes.
 *
 * At its own levels the kernel stores one compressed block without a header, behind the number of
 * the profile it was written with: a set of ready-made codes, in the format's words the tables of a
 * dictionary that has no content (`assembly/zstd/profiles.ts`). At the others a page is stored as
 * the blocks of a frame (`zstd-package.ts`). Streams of the two kinds do not mix: a lane reads
 * those of its codec.
 */
import type { Codec, CodecLane } from './codec.ts';
import { ZSTD_LEVELS, isLevel, levelRangeText } from './levels.ts';
import { WasmModule, createWasmLane } from './wasm.ts';
import type { CompressExport } from './wasm.ts';
import { packageLanes } from './zstd-package.ts';

const KERNEL = new WasmModule('./zstd.wasm');

/** The kernel's own levels: each at least as dense as libzstd's level of that number. */
const OWN_LEVELS: ReadonlyMap<number, CompressExport> = new Map([
  [-1, 'compressFast'],
  [1, 'compress'],
  [3, 'compressDense'],
]);

/**
 * The `zstd` codec at one level.
 *
 * @param level -7..19 without 0; RangeError otherwise. Without it 3, as in the kernel.
 * @throws ZswapError `ZSWAP_CODEC` if the level needs the package, and its file is missing or is
 *   not the expected one.
 */
export function createZstd(level: number = ZSTD_LEVELS.default): Codec {
  if (!isLevel(ZSTD_LEVELS, level)) {
    throw new RangeError(`zstd levels are ${levelRangeText(ZSTD_LEVELS)}, not ${level}`);
  }
  return {
    name: 'zstd',
    spec: level === ZSTD_LEVELS.default ? 'zstd' : `zstd:${level}`,
    createLane: laneMaker(level),
  };
}

function laneMaker(level: number): () => CodecLane {
  const own = OWN_LEVELS.get(level);
  if (own !== undefined) return () => createWasmLane(KERNEL, own);
  return packageLanes(level, () => createWasmLane(KERNEL, 'compress', 'decompressBlocks'));
}
