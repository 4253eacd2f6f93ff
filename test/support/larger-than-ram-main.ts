/**
 * A program that works on regions many times larger than its frames, and checks all the way that
 * each byte is what a plain file has in the same place, that no tenant is over its limit, and that
 * the process stays within what frames, pool and tables may take. Prints a report in JSON; an exit
 * status other than 0 says that something was wrong.
 *
 *   node dist/test/support/larger-than-ram-main.js --frames 64M --pool 64M --region 4G --order 4
 */
import assert from 'node:assert/strict';
import {
  closeSync,
  ftruncateSync,
  mkdtempSync,
  openSync,
  readSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { openMachine, type Group, type Machine, type Region } from '../../src/index.ts';
import { Prng } from '../../src/std/prng.ts';
import { parseSize } from '../../src/std/size.ts';
import { KIB, MIB, PAGE_SIZE } from '../../src/std/units.ts';
import { samplePages } from './sample-pages.ts';

const CHUNK_BYTES = 64 * KIB;
const PIECE_BYTES_MAX = 16 * KIB;
/** Calls under way for each tenant, each in a part of the region of its own. */
const LANES = 4;

/**
 * What the process may take beside frames, pool and tables: V8's young generation, three times 16
 * MiB, and 48 MiB for what else the heap has not collected, modules compiled meanwhile, the
 * buffers of requests to the device, and chunks of the pool that are partly free.
 */
const SLACK_BYTES = 96 * MIB;

const { values: args } = parseArgs({
  options: {
    frames: { type: 'string', default: '4M' },
    pool: { type: 'string', default: '4M' },
    region: { type: 'string', default: '64M' },
    tenants: { type: 'string', default: '3' },
    order: { type: 'string', default: '0' },
    operations: { type: 'string', default: '20000' },
    compressor: { type: 'string', default: 'lz4' },
    seed: { type: 'string', default: '1' },
    folder: { type: 'string', default: tmpdir() },
  },
});
const tenantCount = Number(args.tenants);
const tenantBytes = Math.floor(parseSize(args.region) / tenantCount / CHUNK_BYTES) * CHUNK_BYTES;
const samples = samplePages();

interface Tenant {
  readonly number: number;
  readonly group: Group;
  readonly memoryMax: number;
  readonly region: Region;
  /** The plain file. */
  readonly fd: number;
}

/** Watches limits. */
class Watch {
  readonly #machine: Machine;
  readonly #tenants: readonly Tenant[];
  readonly #base = process.memoryUsage.rss();
  readonly #limits = parseSize(args.frames) + parseSize(args.pool);
  /** Most bytes by which the process has grown, beside its tables. */
  grownMost = 0;

  constructor(machine: Machine, tenants: readonly Tenant[]) {
    this.#machine = machine;
    this.#tenants = tenants;
  }

  look(): void {
    const grown = process.memoryUsage.rss() - this.#base - this.#machine.metadataBytes;
    this.grownMost = Math.max(this.grownMost, grown);
    const most = this.#limits + SLACK_BYTES;
    assert.ok(grown <= most, `the process has grown by ${grown} bytes; at most ${most}`);
    for (const { group, memoryMax } of this.#tenants) {
      // A compressed page may be charged to a group that is at its limit.
      const held = group.memoryCurrent;
      assert.ok(held <= memoryMax + PAGE_SIZE, `${group.name} holds ${held}, may ${memoryMax}`);
    }
  }
}

/** Bytes for a place: sample pages, each with a stamp that no other place and time has. */
function fill(bytes: Buffer, random: Prng, stamp: number): void {
  const pages = samples.bytes.length / PAGE_SIZE;
  for (let at = 0; at < bytes.length; at += PAGE_SIZE) {
    const from = random.below(pages) * PAGE_SIZE;
    bytes.set(samples.bytes.subarray(from, from + Math.min(PAGE_SIZE, bytes.length - at)), at);
    if (bytes.length - at >= 8) bytes.writeDoubleLE(stamp + at, at);
  }
}

async function writeAll({ region, fd, number }: Tenant, watch: Watch): Promise<void> {
  const random = new Prng(Number(args.seed) + number);
  const chunk = Buffer.alloc(CHUNK_BYTES);
  for (let at = 0; at < tenantBytes; at += CHUNK_BYTES) {
    fill(chunk, random, number * tenantBytes + at);
    await region.write(at, chunk);
    writeSync(fd, chunk, 0, CHUNK_BYTES, at);
    watch.look();
  }
}

async function verifyAll({ region, fd, group }: Tenant, watch: Watch): Promise<void> {
  const chunk = Buffer.alloc(CHUNK_BYTES);
  const expected = Buffer.alloc(CHUNK_BYTES);
  for (let at = 0; at < tenantBytes; at += CHUNK_BYTES) {
    await region.read(at, chunk);
    readSync(fd, expected, 0, CHUNK_BYTES, at);
    assert.ok(chunk.equals(expected), `${group.name}: other bytes in the 64 KiB from ${at} on`);
    watch.look();
  }
}

/** Reads and writes pieces of any length at random places of one lane's part of a region. */
async function mix({ region, fd, group }: Tenant, lane: number, watch: Watch): Promise<void> {
  const random = new Prng(Number(args.seed) * 1000 + lane + 7 * region.bytes);
  const part = Math.floor(tenantBytes / LANES);
  const operations = Math.floor(Number(args.operations) / tenantCount / LANES);
  for (let i = 0; i < operations; i += 1) {
    const length = 1 + random.below(PIECE_BYTES_MAX);
    const offset = lane * part + random.below(part - length);
    const bytes = Buffer.alloc(length);
    if (random.below(2) === 0) {
      fill(bytes, random, 2 ** 40 + i * PAGE_SIZE);
      await region.write(offset, bytes);
      writeSync(fd, bytes, 0, length, offset);
    } else {
      await region.read(offset, bytes);
      const expected = Buffer.alloc(length);
      readSync(fd, expected, 0, length, offset);
      assert.ok(bytes.equals(expected), `${group.name}: other bytes in ${length} from ${offset}`);
    }
    watch.look();
  }
}

/** Unequal tenants: the first may have half of what there is, and so on. */
function openTenants(machine: Machine, folder: string): Tenant[] {
  const whole = parseSize(args.frames) + parseSize(args.pool);
  return Array.from({ length: tenantCount }, (_, number) => {
    const memoryMax = Math.floor(whole / 2 ** (number + 1) / PAGE_SIZE) * PAGE_SIZE;
    const group = machine.group(`tenant ${number}`, { memoryMax });
    const region = machine.map({ bytes: tenantBytes, group, order: Number(args.order) });
    const fd = openSync(join(folder, `plain ${number}`), 'w+');
    ftruncateSync(fd, tenantBytes);
    return { number, group, memoryMax, region, fd };
  });
}

async function timed(work: Promise<unknown>[]): Promise<number> {
  const start = performance.now();
  await Promise.all(work);
  return Math.round(performance.now() - start);
}

async function main(): Promise<void> {
  const folder = mkdtempSync(join(args.folder, 'zswapd-larger-'));
  const machine = await openMachine({
    memory: args.frames,
    pool: { limit: args.pool, compressor: args.compressor },
    swap: [{ path: join(folder, 'swap'), size: parseSize(args.region) * 2 }],
  });
  try {
    const tenants = openTenants(machine, folder);
    const watch = new Watch(machine, tenants);
    const writeMs = await timed(tenants.map((tenant) => writeAll(tenant, watch)));
    const readMs = await timed(tenants.map((tenant) => verifyAll(tenant, watch)));
    const lanes = Array.from({ length: LANES }, (_, lane) => lane);
    const mixed = tenants.flatMap((tenant) => lanes.map((lane) => mix(tenant, lane, watch)));
    const mixMs = await timed(mixed);
    const verifyMs = await timed(tenants.map((tenant) => verifyAll(tenant, watch)));
    const { events, orders, vmstat, memory } = machine.stats();
    const order = orders[Number(args.order)];
    const metadata = machine.metadataBytes;
    for (const { region, fd } of tenants) {
      await region.unmap();
      closeSync(fd);
    }
    const { memory: left, swap } = machine.stats();
    assert.deepEqual([left.used, swap?.used_bytes], [0, 0], 'something is left after unmapping');
    const report = {
      ...args,
      pages: samples.source,
      ms: { write: writeMs, read: readMs, mix: mixMs, verify: verifyMs },
      grown_most: watch.grownMost,
      may_grow: parseSize(args.frames) + parseSize(args.pool) + SLACK_BYTES,
      metadata,
      frames_resident: memory.resident,
      events,
      order,
      vmstat,
    };
    process.stdout.write(`${JSON.stringify(report)}\n`);
  } finally {
    await machine.close();
    rmSync(folder, { recursive: true });
  }
}

await main();
