/** Pages of a file, to measure how well pages like them compress: some from everywhere in it. */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { PAGE_SIZE } from '../../std/units.ts';
import { traceError } from '../format.ts';

/** Pages that are looked at: enough for a distribution, few enough for the slowest compressor. */
const PAGES_MAX = 4096;

/**
 * Reads up to 4096 whole pages, evenly spread.
 *
 * @throws ZswapError `ZSWAP_TRACE` if the file cannot be read or has not one whole page
 */
export function readPages(path: string): Uint8Array {
  let fd: number | undefined;
  try {
    fd = openSync(path, 'r');
    const pageCount = Math.floor(fstatSync(fd).size / PAGE_SIZE);
    if (pageCount === 0) throw traceError(path, undefined, 'expected a page of 4096 bytes or more');
    const wanted = Math.min(pageCount, PAGES_MAX);
    const pages = new Uint8Array(wanted * PAGE_SIZE);
    for (let at = 0; at < wanted; at += 1) {
      const page = Math.floor((at * pageCount) / wanted);
      readSync(fd, pages, at * PAGE_SIZE, PAGE_SIZE, page * PAGE_SIZE);
    }
    return pages;
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === undefined || code.startsWith('ZSWAP_')) throw error;
    throw traceError(path, undefined, message);
  } finally {
    if (fd !== undefined) closeSync(fd);
  }
}
