/**
 * Goal: a million pages go in, come back right and go away again, and memory is accounted for: at
 * the peak it is what the statistics say plus a stated constant, and afterwards it is back near the
 * start; a stored page and a free slot cost no more than their share of tables. Method: one disk of
 * a million pages over the real runtime, in 128 KiB requests; resident memory of the process as the
 * kernel sees it. Sizes, not times, decide.
 */
import { it } from 'node:test';
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { Payload } from '../../src/blk/payload.ts';
import type { BlkOp } from '../../src/blk/request.ts';
import { SwapDisk } from '../../src/blk/swap-disk.ts';
import { createLz4 } from '../../src/codec/lz4.ts';
import { MemcgTree } from '../../src/memcg/memcg.ts';
import { NodeRt } from '../../src/rt/rt-node.ts';
import { Prng } from '../../src/std/prng.ts';
import { GIB, MIB, PAGE_SIZE } from '../../src/std/units.ts';
import { Swap } from '../../src/swap/info.ts';
import { Arena } from '../../src/zpool/arena.ts';
import { createZpool } from '../../src/zpool/open.ts';
import { ZswapParams } from '../../src/zswap/params.ts';
import { Zswap } from '../../src/zswap/zswap.ts';

const PAGES = 1_000_000;
const RUN_PAGES = 32;
/**
 * What the process may hold beyond pool and metadata: the JavaScript heap, its garbage, buffers.
 */
const CONSTANT_BYTES = 96 * MIB;
/** Less than what is aimed at for memory in general, 24: these pages compress to a seventh. */
const METADATA_BYTES_PER_PAGE = 22;
const METADATA_BYTES_PER_FREE_SLOT = 8;
/** Of the slots that share a chunk of the table, one stays in use. */
const TABLE_CHUNK_SLOTS = 2 ** 18;

function residentBytes(): number {
  return Number(readFileSync('/proc/self/statm', 'utf8').split(' ')[1]) * PAGE_SIZE;
}

/** 64 pages of one random word in sixteen, told apart by the number written into them. */
function basePages(): Uint8Array[] {
  const prng = new Prng(42);
  return Array.from({ length: 64 }, () => {
    const words = new Uint32Array(PAGE_SIZE / 4);
    for (let i = 0; i < words.length; i += 1) {
      words[i] = i % 16 === 0 ? prng.u32() : (i >> 6) * 0x01010101;
    }
    return new Uint8Array(words.buffer);
  });
}

function fill(target: Uint8Array, first: number, bases: readonly Uint8Array[]): void {
  for (let i = 0; i < RUN_PAGES; i += 1) {
    const base = bases[(first + i) % bases.length];
    assert.ok(base !== undefined);
    target.set(base, i * PAGE_SIZE);
    new DataView(target.buffer, i * PAGE_SIZE).setUint32(16, first + i, true);
  }
}

it('accounts for the memory of a million pages and gives it back', async () => {
  const rt = new NodeRt();
  const memcgs = new MemcgTree();
  const params = new ZswapParams(0);
  params.poolBytes = 16 * GIB;
  const swap = new Swap(rt, undefined);
  const arena = new Arena();
  const zswap = new Zswap({ rt, swap, memcgs, params });
  zswap.setCurrentPool(createLz4(), 'zsmalloc', (cells) => createZpool('zsmalloc', arena, cells));
  const area = swap.swapon('million', PAGES, memcgs.create('million'));
  const disk = new SwapDisk({ rt, zswap, area });
  let woken: () => void = () => {};
  const request = disk.createRequest(() => woken());
  const payload = new Payload(RUN_PAGES * PAGE_SIZE);
  const run = async (op: BlkOp, first: number, pages: number): Promise<void> => {
    request.op = op;
    request.offset = first * PAGE_SIZE;
    request.length = pages * PAGE_SIZE;
    request.payload = payload;
    request.payloadOffset = 0;
    request.available = request.length;
    if (!disk.start(request)) await new Promise<void>((resolve) => (woken = resolve));
    assert.equal(request.error, 0);
  };
  const bases = basePages();
  await run('write', 0, 1);
  await run('trim', 0, 1);
  const start = residentBytes();

  for (let first = 0; first < PAGES; first += RUN_PAGES) {
    fill(payload.bytes, first, bases);
    await run('write', first, RUN_PAGES);
  }
  assert.equal(zswap.stats.stored_pages, PAGES);
  const peak = residentBytes();
  const pool = zswap.poolTotalSize;
  const metadataBytes = (): number =>
    zswap.metadataBytes + swap.metadataBytes + arena.metadataBytes;
  const metadata = metadataBytes();
  const compressed = area.memcg.zswapCurrent;

  const expected = new Uint8Array(RUN_PAGES * PAGE_SIZE);
  for (let first = 0; first < PAGES; first += RUN_PAGES) {
    fill(expected, first, bases);
    await run('read', first, RUN_PAGES);
    const same = Buffer.compare(payload.bytes.subarray(0, expected.length), expected) === 0;
    assert.ok(same, `pages from ${first} on came back wrong`);
  }
  assert.equal(zswap.stats.stored_pages, PAGES);

  for (let first = 0; first < PAGES; first += TABLE_CHUNK_SLOTS) {
    await run('trim', first + 1, Math.min(TABLE_CHUNK_SLOTS, PAGES - first) - 1);
  }
  const metadataOfFree = metadataBytes();
  await run('trim', 0, PAGES);
  zswap.assertDrained();
  assert.equal(zswap.poolTotalSize, 0);
  const end = residentBytes();

  const mib = (bytes: number): string => (bytes / MIB).toFixed(1);
  process.stdout.write(
    `# ${PAGES} pages: resident ${mib(start)} -> ${mib(peak)} -> ${mib(end)} MiB; ` +
      `compressed ${mib(compressed)}, pool ${mib(pool)}, metadata ${mib(metadata)} MiB, ` +
      `${(metadata / PAGES).toFixed(1)} bytes of metadata a stored page, ` +
      `${(metadataOfFree / PAGES).toFixed(1)} a free slot\n`,
  );
  assert.ok(compressed <= pool && pool < compressed * 1.15, 'the pool is mostly compressed bytes');
  assert.ok(peak - start <= pool + metadata + CONSTANT_BYTES, 'memory that nobody accounts for');
  assert.ok(end - start <= CONSTANT_BYTES, 'memory that was not given back');
  assert.ok(metadata / PAGES < METADATA_BYTES_PER_PAGE);
  assert.ok(metadataOfFree / PAGES < METADATA_BYTES_PER_FREE_SLOT);
});
