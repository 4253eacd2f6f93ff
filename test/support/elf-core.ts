/** ELF core dumps made for tests: a header, program headers, memory. */
import { PAGE_SIZE } from '../../src/std/units.ts';

const HEADER_BYTES = 64;
const ENTRY_BYTES = 56;
const SECTION_BYTES = 64;

export interface CoreOptions {
  /** `e_type`; a core dump is 4. */
  readonly type?: number;
  /** Writes the number of segments where a dump with very many has it. */
  readonly extendedCount?: boolean;
}

/** A core dump with a `PT_LOAD` for each segment, and a note before them that is no memory. */
export function makeCore(segments: readonly Uint8Array[], options: CoreOptions = {}): Uint8Array {
  const count = segments.length + 1;
  const sections = HEADER_BYTES + count * ENTRY_BYTES;
  const first = Math.ceil((sections + SECTION_BYTES) / PAGE_SIZE) * PAGE_SIZE;
  const bytes = new Uint8Array(first + segments.reduce((sum, { length }) => sum + length, 0));
  const view = new DataView(bytes.buffer);
  bytes.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]);
  view.setUint16(16, options.type ?? 4, true);
  view.setBigUint64(32, BigInt(HEADER_BYTES), true);
  view.setUint16(54, ENTRY_BYTES, true);
  view.setUint16(56, options.extendedCount === true ? 0xffff : count, true);
  if (options.extendedCount === true) {
    view.setBigUint64(40, BigInt(sections), true);
    view.setUint32(sections + 44, count, true);
  }
  view.setUint32(HEADER_BYTES, 4, true);
  let at = first;
  segments.forEach((segment, index) => {
    const entry = HEADER_BYTES + (index + 1) * ENTRY_BYTES;
    view.setUint32(entry, 1, true);
    view.setBigUint64(entry + 8, BigInt(at), true);
    view.setBigUint64(entry + 32, BigInt(segment.length), true);
    view.setBigUint64(entry + 40, BigInt(segment.length + PAGE_SIZE), true);
    bytes.set(segment, at);
    at += segment.length;
  });
  return bytes;
}
