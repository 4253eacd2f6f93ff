/**
 * Core dumps in ELF: where in the file the memory is. One reader serves the kernel's core files,
 * `gcore`, and QEMU's `dump-guest-memory`, which is ELF unless another format is asked for.
 *
 * @see elf(5); the System V ABI, chapter 5, Program Header (`PT_LOAD`, `PN_XNUM`)
 */
import { PAGE_SIZE } from '../../std/units.ts';
import { PageRanges } from './page-ranges.ts';
import { pagesError } from './page-source.ts';
import { type OpenFile, readFully } from './file.ts';

/** What the first bytes of a file say it is. */
export type FileKind = 'pages' | 'core' | 'elf' | 'kdump';

/** Bytes that {@link fileKind} wants to see. */
export const MAGIC_BYTES = 64;

const ELF_HEADER_BYTES = 64;
const PROGRAM_HEADER_BYTES = 56;
const ET_CORE = 4;
const PT_LOAD = 1;
/** `e_phnum` that says the true number is in `sh_info` of the first section. */
const PN_XNUM = 0xffff;
const SECTION_HEADER_BYTES = 64;
/** No machine has more memory ranges than this; a file that says so is damaged. */
const PROGRAM_HEADERS_MAX = 1 << 20;

/** Beginnings of kdump-compressed files: in order, flattened by makedumpfile or QEMU, old. */
const KDUMP_MAGICS: readonly string[] = ['KDUMP   ', 'makedumpfile', 'DISKDUMP'];

/** Tells the kind of a file from its first bytes, at most {@link MAGIC_BYTES} of them. */
export function fileKind(start: Uint8Array): FileKind {
  const text = String.fromCharCode(...start.subarray(0, 12));
  if (KDUMP_MAGICS.some((magic) => text.startsWith(magic))) return 'kdump';
  if (!text.startsWith('\x7fELF')) return 'pages';
  const isLittle = start[5] !== 2;
  const type = viewOf(start).byteLength < 18 ? 0 : viewOf(start).getUint16(16, isLittle);
  return type === ET_CORE ? 'core' : 'elf';
}

/** Where the memory of a core dump is in its file, page by page. */
export function coreRanges(file: OpenFile): PageRanges {
  const broken = (what: string): Error =>
    pagesError(`'${file.path}' is no whole core dump: ${what}`);
  if (file.bytes < ELF_HEADER_BYTES) throw broken('it ends within its header');
  const header = viewOf(readPart(file, 0, ELF_HEADER_BYTES));
  if (header.getUint8(4) !== 2 || header.getUint8(5) !== 1) {
    throw pagesError(`'${file.path}' is not of a 64-bit little-endian machine: not supported`);
  }
  const table = header.getBigUint64(32, true);
  const entryBytes = header.getUint16(54, true);
  const count = programHeaderCount(file, header);
  if (entryBytes !== PROGRAM_HEADER_BYTES || count === 0 || count > PROGRAM_HEADERS_MAX) {
    throw broken('its program headers make no sense');
  }
  const tableBytes = count * entryBytes;
  if (table + BigInt(tableBytes) > BigInt(file.bytes)) {
    throw broken('it ends within its program headers');
  }
  const headers = viewOf(readPart(file, Number(table), tableBytes));
  const ranges = new PageRanges();
  for (let at = 0; at < tableBytes; at += entryBytes) addSegment(file, headers, at, ranges);
  if (ranges.pages === 0) throw broken('there is no memory in it');
  return ranges;
}

function addSegment(file: OpenFile, headers: DataView, at: number, ranges: PageRanges): void {
  if (headers.getUint32(at, true) !== PT_LOAD) return;
  const start = headers.getBigUint64(at + 8, true);
  const bytes = headers.getBigUint64(at + 32, true);
  if (start + bytes > BigInt(file.bytes)) {
    const missing = Number(start + bytes) - file.bytes;
    throw pagesError(`'${file.path}' is cut off: at least ${missing} bytes of memory are missing`);
  }
  const pages = Math.floor(Number(bytes) / PAGE_SIZE);
  if (pages > 0) ranges.add(Number(start), pages);
}

function programHeaderCount(file: OpenFile, header: DataView): number {
  const count = header.getUint16(56, true);
  if (count !== PN_XNUM) return count;
  const section = header.getBigUint64(40, true);
  if (section === 0n || section + BigInt(SECTION_HEADER_BYTES) > BigInt(file.bytes)) return 0;
  return viewOf(readPart(file, Number(section), SECTION_HEADER_BYTES)).getUint32(44, true);
}

function readPart(file: OpenFile, position: number, bytes: number): Uint8Array {
  const part = new Uint8Array(bytes);
  readFully(file, part, position);
  return part;
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
