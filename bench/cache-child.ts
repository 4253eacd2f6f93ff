/**
 * One cache in a process of its own, so that its resident memory is its own: fills it, reads from
 * it, and prints one line of JSON. The parent is `cache.ts`.
 *
 *   node dist/bench/cache-child.js NAME ENTRIES MAX_BYTES DISK_BYTES [heap]
 */
import { subscribe } from 'node:diagnostics_channel';
import { pathToFileURL } from 'node:url';
import { RivalMissing, RIVALS, type CacheRival } from './cache-rivals.ts';
import { jsonRecords, recordAt } from './json-records.ts';

/** What a child has to say. */
export interface ChildResult {
  readonly missing?: string;
  readonly entries: number;
  readonly held: number;
  readonly dataBytes: number;
  /** Growth of resident memory. */
  readonly residentBytes: number;
  readonly setUs: number;
  /** Quantiles of hits, in microseconds: of those used last, and of any. */
  readonly recentUs: readonly number[];
  readonly anyUs: readonly number[];
  /** The same by where the value was, for zswapd: in page frames, in the pool, on the disk. */
  readonly tierUs: Readonly<Record<Tier, readonly number[]>>;
  readonly wrong: number;
}

export type Tier = 'frames' | 'pool' | 'disk';

interface Reads {
  readonly us: readonly number[];
  readonly tiers: Readonly<Record<Tier, readonly number[]>>;
  readonly wrong: number;
}

const READS = 20_000;

/** Faults that had to bring a page in. A hit without one found its value in page frames. */
let majorFaults = 0;
subscribe('zswapd:fault', (event) => {
  if ((event as { readonly major: boolean }).major) majorFaults += 1;
});

/** The median, the 99th percentile and the most. */
function quantiles(times: readonly number[]): readonly number[] {
  const sorted = times.toSorted((a, b) => a - b);
  return [0.5, 0.99, 1].map((part) => sorted[Math.floor(part * (sorted.length - 1))] ?? Number.NaN);
}

async function timedReads(
  cache: CacheRival,
  records: readonly string[],
  pick: (n: number) => number,
): Promise<Reads> {
  const times: number[] = [];
  const tiers: Record<Tier, number[]> = { frames: [], pool: [], disk: [] };
  let wrong = 0;
  for (let n = 0; n < READS; n += 1) {
    const index = pick(n);
    const faults = majorFaults;
    const start = performance.now();
    const answer = cache.get(`record:${index}`);
    const value = answer instanceof Promise ? await answer : answer;
    const us = (performance.now() - start) * 1000;
    if (value === undefined) continue;
    times.push(us);
    const inRam = majorFaults === faults ? 'frames' : 'pool';
    tiers[answer instanceof Promise ? 'disk' : inRam].push(us);
    if (Buffer.from(value).toString() !== recordAt(records, index)) wrong += 1;
  }
  return {
    us: quantiles(times),
    tiers: {
      frames: quantiles(tiers.frames),
      pool: quantiles(tiers.pool),
      disk: quantiles(tiers.disk),
    },
    wrong,
  };
}

async function run(
  name: string,
  entries: number,
  maxBytes: number,
  diskBytes: number,
): Promise<ChildResult | { readonly missing: string }> {
  const records = jsonRecords();
  const before = process.memoryUsage().rss;
  let cache: CacheRival;
  try {
    const open = RIVALS[name];
    if (open === undefined) throw new RivalMissing(`no such cache: ${name}`);
    cache = await open({ maxBytes, diskBytes });
  } catch (error) {
    if (error instanceof RivalMissing) return { missing: error.message };
    throw error;
  }
  let dataBytes = 0;
  const start = performance.now();
  for (let n = 0; n < entries; n += 1) {
    const value = Buffer.from(recordAt(records, n));
    dataBytes += value.length;
    const done = cache.set(`record:${n}`, value);
    if (done instanceof Promise && (n % 64 === 63 || n >= entries - 64)) await done;
  }
  const setUs = ((performance.now() - start) * 1000) / entries;
  const residentBytes = process.memoryUsage().rss - before;
  const held = cache.count();
  const random = (n: number): number => Math.imul(n + 1, 0x9e3779b1) >>> 0;
  const recent = await timedReads(cache, records, (n) => entries - 1 - (random(n) % 100));
  const any = await timedReads(cache, records, (n) => random(n) % entries);
  await cache.close();
  return {
    entries,
    held,
    dataBytes,
    residentBytes,
    setUs,
    recentUs: recent.us,
    anyUs: any.us,
    tierUs: any.tiers,
    wrong: recent.wrong + any.wrong,
  };
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const [name = '', ...numbers] = process.argv.slice(2);
  const [entries = 0, maxBytes = 0, diskBytes = 0] = numbers.map(Number);
  process.stdout.write(`${JSON.stringify(await run(name, entries, maxBytes, diskBytes))}\n`);
}
