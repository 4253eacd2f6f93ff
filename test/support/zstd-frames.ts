/**
 * Streams of the zstd codec as whole frames, for other implementations of zstd to read. A stream of
 * the kernel's own levels begins with the number of its profile; what follows is one compressed
 * block under the dictionary that is that profile.
 */
import { WasmModule } from '../../src/codec/wasm.ts';

interface ProfileExports {
  readonly memory: { readonly buffer: ArrayBuffer };
  readonly PROFILE_DATA: { readonly value: number };
  readonly PROFILE_BYTES: { readonly value: number };
}

/** How many profiles there are. */
export const PROFILE_COUNT = 4;

const DICTIONARY_MAGIC = 0xec30a437;
/** Repeat offsets of a dictionary may not reach beyond its content. */
const LEAST_CONTENT = 8;
const COMPRESSED_LAST_BLOCK = 5;

/** A profile as a dictionary (RFC 8878, section 5), with no content that a page refers to. */
export function profileDictionary(index: number): Uint8Array {
  const kernel = new WasmModule('./zstd.wasm').instantiate() as ProfileExports;
  const { PROFILE_DATA: at, PROFILE_BYTES: length } = kernel;
  const data = Buffer.from(kernel.memory.buffer, at.value, length.value);
  const end = index + 1 < PROFILE_COUNT ? data.readUInt16LE(2 * (index + 1)) : length.value;
  const head = Buffer.alloc(8);
  head.writeUInt32LE(DICTIONARY_MAGIC, 0);
  head.writeUInt32LE(dictionaryId(index), 4);
  const offsets = Buffer.alloc(12);
  for (const [place, offset] of [1, 4, 8].entries()) offsets.writeUInt32LE(offset, 4 * place);
  const entropy = data.subarray(data.readUInt16LE(2 * index), end);
  return Buffer.concat([head, entropy, offsets, Buffer.alloc(LEAST_CONTENT)]);
}

function dictionaryId(index: number): number {
  return index + 1;
}

/** The profile a stream of one of the kernel's own levels was written with. */
export function profileOf(stream: Uint8Array): number {
  return stream[0] ?? 0;
}

/** A frame of such a stream. */
export function profileFrame(stream: Uint8Array): Uint8Array {
  const length = stream.length - 1;
  const block = COMPRESSED_LAST_BLOCK | (length << 3);
  // Single segment, a dictionary of one byte, two bytes of content size: 4096 less 256.
  const descriptor = [0x61, dictionaryId(profileOf(stream)), 0x00, 0x0f];
  const header = [0x28, 0xb5, 0x2f, 0xfd, ...descriptor, block & 255, (block >> 8) & 255];
  return Uint8Array.from([...header, block >> 16, ...stream.subarray(1)]);
}

/**
 * The blocks of a frame: what is left without its header (RFC 8878, section 3.1.1.1) and checksum.
 */
export function frameBlocks(frame: Uint8Array): Uint8Array {
  const descriptor = frame[4] ?? 0;
  const isSingleSegment = (descriptor & 0x20) !== 0;
  const idBytes = [0, 1, 2, 4][descriptor & 3] ?? 0;
  const sizeBytes = [isSingleSegment ? 1 : 0, 2, 4, 8][descriptor >> 6] ?? 0;
  const start = 5 + (isSingleSegment ? 0 : 1) + idBytes + sizeBytes;
  const hasChecksum = (descriptor & 0x04) !== 0;
  return frame.subarray(start, frame.length - (hasChecksum ? 4 : 0));
}
