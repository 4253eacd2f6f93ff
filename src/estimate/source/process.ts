/**
 * The memory of a running process as a source of pages, through `/proc/PID`: `smaps` says where
 * anonymous and shared memory is, `pagemap` which of its pages are in RAM, `mem` what is in them.
 * The process is neither stopped nor changed.
 *
 * A page that was never touched is not read, because reading would map it; nor is one that is
 * swapped out, because reading would bring it back. A zero-filled page that is not the process's
 * alone is most likely the kernel's one zero page, mapped where memory was read and never written:
 * it takes no memory, so it counts as absent.
 *
 * @see proc(5); Documentation/admin-guide/mm/pagemap.rst of the kernel
 */
import { closeSync, openSync, readFileSync, readSync } from 'node:fs';
import { isZeroFilled } from '../../page/page.ts';
import { KIB, PAGE_SIZE } from '../../std/units.ts';
import { type PageRange, PageRanges } from './page-ranges.ts';
import { type PageSource, pagesError, systemCode } from './page-source.ts';
import { type Mapping, parseSmaps } from './smaps.ts';

/** Bytes that pagemap has for each page. */
const PAGEMAP_ENTRY_BYTES = 8;
const PAGEMAP_READ_BYTES = 512 * KIB;
/** Bits of the upper 32 of an entry: in RAM, swapped out, of a file or shared, mapped only here. */
const PRESENT = 2 ** 31;
const SWAPPED = 2 ** 30;
const FILE_OR_SHARED = 2 ** 29;
const EXCLUSIVE = 2 ** 24;

/** What a scan of the page tables found. */
interface Scan {
  readonly ranges: PageRanges;
  swappedPages: number;
}

/** Opens the memory of process `pid`. */
export function openProcess(pid: number): PageSource {
  const folder = `/proc/${pid}`;
  let memory = -1;
  try {
    memory = openSync(`${folder}/mem`, 'r');
    const mappings = parseSmaps(readFileSync(`${folder}/smaps`, 'utf8'));
    const command = readFileSync(`${folder}/comm`, 'utf8').trim();
    return new ProcessSource(pid, command, memory, mappings);
  } catch (error) {
    if (memory !== -1) closeSync(memory);
    throw processError(pid, error);
  }
}

/**
 * Says why the memory of a process cannot be read, and what to do about it.
 *
 * @param scope - `kernel.yama.ptrace_scope`, undefined where the kernel has no such limit
 */
export function explainRefusal(pid: number, code: string, scope: string | undefined): string {
  if (code === 'ENOENT' || code === 'ESRCH') return `there is no process ${pid}`;
  const head = `the memory of process ${pid} may not be read (${code})`;
  if (scope === undefined || scope === '0') {
    return `${head}: run this as the process's own user, or with sudo`;
  }
  return (
    `${head}: kernel.yama.ptrace_scope is ${scope} here, which keeps even own processes closed; ` +
    "run this with sudo, or dump it by 'sudo gcore PID' and give the file"
  );
}

function processError(pid: number, error: unknown): unknown {
  const code = systemCode(error);
  if (code === '') return error;
  let scope: string | undefined;
  try {
    scope = readFileSync('/proc/sys/kernel/yama/ptrace_scope', 'utf8').trim();
  } catch {
    scope = undefined;
  }
  return pagesError(explainRefusal(pid, code, scope), error);
}

class ProcessSource implements PageSource {
  readonly name: string;
  readonly notes: string[] = [];
  readonly #memory: number;
  readonly #ranges: PageRanges;

  constructor(pid: number, command: string, memory: number, mappings: readonly Mapping[]) {
    this.name = `process ${pid} (${command})`;
    this.#memory = memory;
    const { ranges, swappedPages } = scanMappings(pid, mappings, this.notes);
    this.#ranges = ranges;
    if (ranges.pages === 0) {
      throw pagesError(`process ${pid} (${command}) has no anonymous memory in RAM`);
    }
    if (swappedPages > 0) {
      this.notes.push(
        `${swappedPages} of its pages are swapped out already and were left there, unread`,
      );
    }
  }

  get pages(): number {
    return this.#ranges.pages;
  }

  read(first: number, count: number, target: Uint8Array, present: Uint8Array): void {
    present.fill(0, 0, count);
    this.#ranges.visit(first, count, (piece, at) => {
      const room = target.subarray(at * PAGE_SIZE, (at + piece.pages) * PAGE_SIZE);
      this.#readPiece(piece, room, present.subarray(at, at + piece.pages));
    });
  }

  close(): void {
    closeSync(this.#memory);
  }

  #readPiece(piece: PageRange, room: Uint8Array, present: Uint8Array): void {
    if (this.#readBytes(piece.address, room)) {
      present.fill(1);
    } else {
      for (let page = 0; page < piece.pages; page++) {
        const one = room.subarray(page * PAGE_SIZE, (page + 1) * PAGE_SIZE);
        present[page] = Number(this.#readBytes(piece.address + page * PAGE_SIZE, one));
      }
    }
    if (!piece.isShared) return;
    for (let page = 0; page < piece.pages; page++) {
      const one = room.subarray(page * PAGE_SIZE, (page + 1) * PAGE_SIZE);
      if (present[page] === 1 && isZeroFilled(one)) present[page] = 0;
    }
  }

  /** Whether all of `room` could be read from `address` on; the process goes on meanwhile. */
  #readBytes(address: number, room: Uint8Array): boolean {
    try {
      return readSync(this.#memory, room, 0, room.length, address) === room.length;
    } catch (error) {
      if (['EIO', 'EFAULT', 'ESRCH'].includes(systemCode(error))) return false;
      throw error;
    }
  }
}

function scanMappings(pid: number, mappings: readonly Mapping[], notes: string[]): Scan {
  const scan: Scan = { ranges: new PageRanges(), swappedPages: 0 };
  let pagemap: number;
  try {
    pagemap = openSync(`/proc/${pid}/pagemap`, 'r');
  } catch (error) {
    if (systemCode(error) === 'ENOENT') throw error;
    notes.push('pagemap may not be read here: pages never touched count as zero pages');
    for (const { start, end } of mappings) scan.ranges.add(start, (end - start) / PAGE_SIZE);
    return scan;
  }
  try {
    const buffer = Buffer.alloc(PAGEMAP_READ_BYTES);
    for (const mapping of mappings) scanMapping(pagemap, mapping, buffer, scan);
  } finally {
    closeSync(pagemap);
  }
  return scan;
}

/**
 * Notes the pages of a mapping that are in RAM. Ends when as many have been found as smaps says,
 * because a reserved address range may be a thousand times as large as the memory in it.
 */
function scanMapping(pagemap: number, mapping: Mapping, buffer: Buffer, scan: Scan): void {
  let left = (mapping.residentBytes + mapping.swappedBytes) / PAGE_SIZE;
  const step = (PAGEMAP_READ_BYTES / PAGEMAP_ENTRY_BYTES) * PAGE_SIZE;
  for (let address = mapping.start; address < mapping.end && left > 0; address += step) {
    const pages = Math.min(step, mapping.end - address) / PAGE_SIZE;
    const position = (address / PAGE_SIZE) * PAGEMAP_ENTRY_BYTES;
    const bytes = readSync(pagemap, buffer, 0, pages * PAGEMAP_ENTRY_BYTES, position);
    for (let at = 0; at < bytes; at += PAGEMAP_ENTRY_BYTES) {
      const flags = buffer.readUInt32LE(at + 4);
      if ((flags & SWAPPED) !== 0) {
        scan.swappedPages++;
        left--;
      }
      if ((flags & PRESENT) === 0) continue;
      if (!mapping.isShared && (flags & FILE_OR_SHARED) !== 0) continue;
      const isShared = (flags & EXCLUSIVE) === 0 && !mapping.isShared;
      scan.ranges.add(address + (at / PAGEMAP_ENTRY_BYTES) * PAGE_SIZE, 1, isShared);
      // Anonymous in smaps does not count the zero page, so neither may this.
      if (!isShared) left--;
    }
  }
}
