/**
 * Paths on a command line as one source of pages: files of pages as they are, core dumps by their
 * segments, folders by the regular files in them.
 */
import { closeSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { PAGE_SIZE } from '../../std/units.ts';
import { coreRanges, type FileKind, fileKind, MAGIC_BYTES } from './elf-core.ts';
import { FileSource, type OpenFile, openRegularFile, readError, readFully } from './file.ts';
import { PageRanges } from './page-ranges.ts';
import { joinSources, type PageSource, pagesError } from './page-source.ts';

/** How the bytes of a file are taken. */
export const FILE_FORMATS = ['auto', 'pages', 'core'] as const;

/** `auto`: a core dump if its first bytes say so, else a row of pages. */
export type FileFormat = (typeof FILE_FORMATS)[number];

/** Open files at once: a folder may hold more than a process may have open. */
const FILES_MAX = 900;

/**
 * Opens everything at `paths` as one source, in order; folders recursively, by name.
 *
 * @throws ZswapError `ZSWAP_PAGES` for the first path that has no pages to give
 */
export function openPaths(paths: readonly string[], format: FileFormat): PageSource {
  const sources: PageSource[] = [];
  try {
    for (const path of paths) {
      if (isFolder(path)) openFolder(path, format, sources);
      else sources.push(openFile(path, format));
    }
  } catch (error) {
    for (const source of sources) source.close();
    throw error;
  }
  return joinSources(nameOf(paths), sources);
}

function nameOf(paths: readonly string[]): string {
  const [first = ''] = paths;
  return paths.length === 1 ? first : `${first} and ${paths.length - 1} more`;
}

function isFolder(path: string): boolean {
  try {
    return statSync(path).isDirectory();
  } catch (error) {
    throw readError(path, error);
  }
}

/** Opens the regular files below a folder that have a page at least. Links are not followed. */
function openFolder(path: string, format: FileFormat, sources: PageSource[]): void {
  const files: string[] = [];
  const list = (folder: string): void => {
    const children = readdirSync(folder, { withFileTypes: true });
    for (const child of children.toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
      const below = join(folder, child.name);
      if (child.isDirectory()) list(below);
      else if (child.isFile() && statSync(below).size >= PAGE_SIZE) files.push(below);
    }
  };
  try {
    list(path);
  } catch (error) {
    throw readError(path, error);
  }
  if (files.length === 0) throw pagesError(`'${path}' has no file of a page (4096 bytes) or more`);
  if (sources.length + files.length > FILES_MAX) {
    throw pagesError(`'${path}' has ${files.length} files; at most ${FILES_MAX} can be looked at`);
  }
  for (const file of files) sources.push(openFile(file, format));
}

function openFile(path: string, format: FileFormat): PageSource {
  const file = openRegularFile(path);
  try {
    if (file.bytes === 0) throw pagesError(`'${path}' is empty`);
    const start = new Uint8Array(Math.min(MAGIC_BYTES, file.bytes));
    readFully(file, start, 0);
    const kind = format === 'pages' ? 'pages' : fileKind(start);
    if (format === 'core') refuseOtherThanCore(path, kind);
    if (kind === 'kdump') throw kdumpError(path);
    return kind === 'core' ? coreSource(file) : rawSource(file);
  } catch (error) {
    closeSync(file.fd);
    throw error;
  }
}

function refuseOtherThanCore(path: string, kind: FileKind): void {
  if (kind === 'pages') throw pagesError(`'${path}' is not an ELF file, so no core dump`);
  if (kind === 'elf') throw pagesError(`'${path}' is a program or library, not a core dump`);
}

function kdumpError(path: string): Error {
  return pagesError(
    `'${path}' is in the kdump-compressed format, which is not supported: in QEMU's monitor say ` +
      'dump-guest-memory FILE without -z, -l, -s and -R, which writes ELF',
  );
}

function coreSource(file: OpenFile): PageSource {
  const holes = Math.floor(file.holeBytes / PAGE_SIZE);
  const note =
    `'${file.path}' has holes of ${holes} pages: most likely memory that was never touched, ` +
    'counted as zero pages';
  return new FileSource(file, coreRanges(file), holes === 0 ? [] : [note]);
}

function rawSource(file: OpenFile): PageSource {
  const pages = Math.floor(file.bytes / PAGE_SIZE);
  if (pages === 0) {
    throw pagesError(`'${file.path}' has ${file.bytes} bytes, which is less than a page (4096)`);
  }
  const ranges = new PageRanges();
  ranges.add(0, pages);
  const tail = file.bytes % PAGE_SIZE;
  const note = `the last ${tail} bytes of '${file.path}' are no whole page and were left out`;
  return new FileSource(file, ranges, tail === 0 ? [] : [note]);
}
