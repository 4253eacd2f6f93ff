/** Plain files as sources of pages: a file's bytes from its start on, as a program would map it. */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { PAGE_SIZE } from '../../std/units.ts';
import { type PageSource, pagesError, systemCode } from './page-source.ts';
import type { PageRanges } from './page-ranges.ts';

/** Bytes of a block in `st_blocks` (stat(2)). */
const STAT_BLOCK_BYTES = 512;

/** A file that is open for reading. */
export interface OpenFile {
  readonly path: string;
  readonly fd: number;
  readonly bytes: number;
  /** Bytes that are holes of a sparse file, about. */
  readonly holeBytes: number;
}

/**
 * Opens a regular file, or throws `ZSWAP_PAGES` that says why not. A block device is none: what is
 * on it has no length here.
 */
export function openRegularFile(path: string): OpenFile {
  let fd = -1;
  try {
    fd = openSync(path, 'r');
    const status = fstatSync(fd);
    if (!status.isFile()) throw pagesError(`'${path}' is neither a file nor a folder of files`);
    const holeBytes = Math.max(0, status.size - status.blocks * STAT_BLOCK_BYTES);
    return { path, fd, bytes: status.size, holeBytes };
  } catch (error) {
    if (fd !== -1) closeSync(fd);
    throw readError(path, error);
  }
}

/** The error for a path that cannot be opened or read; ours as they are. */
export function readError(path: string, error: unknown): unknown {
  const reasons: Readonly<Record<string, string>> = {
    ENOENT: 'there is no such file',
    EACCES: 'no permission to read it; run this as its owner, or with sudo',
    EPERM: 'no permission to read it; run this as its owner, or with sudo',
    EISDIR: 'it is a folder',
  };
  const code = systemCode(error);
  if (code === '' || code.startsWith('ZSWAP')) return error;
  return pagesError(`cannot read '${path}': ${reasons[code] ?? code}`, error);
}

/** Fills `target` from byte `position` of a file; throws where the file ends before that. */
export function readFully(file: OpenFile, target: Uint8Array, position: number): void {
  let done = 0;
  while (done < target.length) {
    const part = target.subarray(done);
    let bytes = 0;
    try {
      bytes = readSync(file.fd, part, 0, part.length, position + done);
    } catch (error) {
      throw readError(file.path, error);
    }
    if (bytes === 0) throw pagesError(`'${file.path}' has become shorter while it was read`);
    done += bytes;
  }
}

/** The pages of a file that `ranges` name by their place in it. */
export class FileSource implements PageSource {
  readonly name: string;
  readonly pages: number;
  readonly notes: readonly string[];
  readonly #file: OpenFile;
  readonly #ranges: PageRanges;

  constructor(file: OpenFile, ranges: PageRanges, notes: readonly string[]) {
    this.name = file.path;
    this.pages = ranges.pages;
    this.notes = notes;
    this.#file = file;
    this.#ranges = ranges;
  }

  read(first: number, count: number, target: Uint8Array, present: Uint8Array): void {
    this.#ranges.visit(first, count, ({ address, pages }, at) => {
      const room = target.subarray(at * PAGE_SIZE, (at + pages) * PAGE_SIZE);
      readFully(this.#file, room, address);
      present.fill(1, at, at + pages);
    });
  }

  close(): void {
    closeSync(this.#file.fd);
  }
}
