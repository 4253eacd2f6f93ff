/**
 * What a file takes from a process in Node that does nothing but write: the same buffers over and
 * over, in requests of one size past the page cache, so many in flight. A program of its own, so
 * that it runs on the core where servers run.
 *
 *   writeback-bare.js PATH BYTES BLOCK_BYTES DEPTH
 *
 * Prints megabytes a second and the microseconds of processor time a page.
 */
import { constants, rmSync, write } from 'node:fs';
import { open } from 'node:fs/promises';
import { PAGE_SIZE } from '../src/std/units.ts';

const FILLER = 0x9e3779b1;

/** Bytes that no storage can make short, in memory that is page-aligned. */
function block(length: number, seed: number): Uint8Array {
  const bytes = new Uint8Array(new ArrayBuffer(length, { maxByteLength: length }), 0, length);
  for (let at = 0; at < length; at += 1) bytes[at] = Math.imul(at + seed, FILLER) >>> 13;
  return bytes;
}

/** Writes `count` blocks one after the other, as many in flight as there are blocks. */
async function writeAll(fd: number, blocks: readonly Uint8Array[], count: number): Promise<void> {
  let begun = 0;
  let done = 0;
  await new Promise<void>((resolve, reject) => {
    const next = (bytes: Uint8Array): void => {
      if (begun === count) return;
      const position = begun * bytes.length;
      begun += 1;
      write(fd, bytes, 0, bytes.length, position, (error, written) => {
        if (error !== null || written !== bytes.length) {
          reject(error ?? new Error(`${written} of ${bytes.length} bytes written`));
          return;
        }
        done += 1;
        if (done === count) resolve();
        else next(bytes);
      });
    };
    for (const bytes of blocks) next(bytes);
  });
}

const [path = '', ...numbers] = process.argv.slice(2);
const [total = 0, blockBytes = 0, depth = 0] = numbers.map(Number);
const flags = constants.O_RDWR | constants.O_CREAT | constants.O_EXCL | constants.O_DIRECT;
const file = await open(path, flags, 0o600);
try {
  await file.truncate(total);
  const blocks = Array.from({ length: depth }, (_, seed) => block(blockBytes, seed));
  const before = process.cpuUsage();
  const start = performance.now();
  await writeAll(file.fd, blocks, Math.floor(total / blockBytes));
  const ms = performance.now() - start;
  const { user, system } = process.cpuUsage(before);
  console.log(`${total / 1e3 / ms} ${(user + system) / (total / PAGE_SIZE)}`);
} finally {
  await file.close();
  rmSync(path);
}
