/**
 * What an object costs in each allocator: nanoseconds per operation, memory held and metadata. Run
 * `node --expose-gc dist/bench/zpool.bench.js`; with `--trace-gc` the timed part should show almost
 * no collection. What is not measured: cache misses of a pool much larger than the processor's
 * caches, unless the object count is raised by the first argument.
 */
import { performance } from 'node:perf_hooks';
import { PAGE_SIZE } from '../src/std/units.ts';
import { Arena } from '../src/zpool/arena.ts';
import { createZpool, ZPOOLS, type ZpoolName } from '../src/zpool/open.ts';

const objects = Number(process.argv[2] ?? 100_000);
const ROUNDS = 10;

const locations = new Uint32Array(objects + 1);
const cells = {
  location: (handle: number): number => locations[handle] ?? 0,
  setLocation: (handle: number, location: number): void => {
    locations[handle] = location;
  },
};
const source = new Uint8Array(PAGE_SIZE).map((_, at) => (at * 31) & 0xff);
const target = new Uint8Array(PAGE_SIZE + 64);
const views = Array.from({ length: PAGE_SIZE + 1 }, (_, size) => source.subarray(0, size));
const sizes = new Uint16Array(objects + 1);

function run(name: ZpoolName, sizeOf: (handle: number) => number): void {
  for (let handle = 1; handle <= objects; handle++) sizes[handle] = sizeOf(handle);
  const arena = new Arena();
  const zpool = createZpool(name, arena, cells);
  const ns = { fill: Infinity, read: Infinity, churn: Infinity, free: Infinity };
  let held = '';
  for (let round = 0; round < ROUNDS; round++) {
    let start = performance.now();
    const lap = (): number => {
      const now = performance.now();
      const took = ((now - start) * 1e6) / objects;
      start = now;
      return took;
    };
    for (let handle = 1; handle <= objects; handle++) {
      const size = sizes[handle] ?? 0;
      if (zpool.malloc(handle, size) !== 0) throw new Error('malloc failed');
      zpool.write(handle, views[size] ?? source);
    }
    ns.fill = Math.min(ns.fill, lap());
    for (let handle = 1; handle <= objects; handle++) {
      zpool.read(handle, sizes[handle] ?? 0, target, 0);
    }
    ns.read = Math.min(ns.read, lap());
    for (let step = 0, handle = 1; step < objects; step++) {
      handle = ((handle + 7919) % objects) + 1;
      const size = sizes[handle] ?? 0;
      zpool.free(handle);
      if (zpool.malloc(handle, size) !== 0) throw new Error('malloc failed');
      zpool.write(handle, views[size] ?? source);
    }
    ns.churn = Math.min(ns.churn, lap());
    const metadata = (zpool.metadataBytes + arena.metadataBytes) / objects;
    const pages = (zpool.totalPages / objects) * PAGE_SIZE;
    held = `${pages.toFixed(0)} bytes of pages, ${metadata.toFixed(1)} of metadata an object`;
    lap();
    for (let handle = 1; handle <= objects; handle++) zpool.free(handle);
    ns.free = Math.min(ns.free, lap());
  }
  const last = sizes[objects] ?? 0;
  zpool.malloc(1, last);
  zpool.write(1, views[last] ?? source);
  zpool.read(1, last, target, 0);
  if (views[last]?.some((byte, at) => byte !== target[at])) throw new Error('wrong content');
  const cost = Object.entries(ns).map(([verb, value]) => `${verb} ${value.toFixed(0)}`);
  console.log(`${name}: ns ${cost.join(', ')}; ${held}`);
}

for (const [label, sizeOf] of [
  ['1400 bytes', (): number => 1400],
  ['700..2100 bytes', (handle: number): number => 700 + ((handle * 7919) % 1401)],
  ['4096 bytes', (): number => 4096],
] as const) {
  console.log(label);
  for (const name of ZPOOLS) if (label !== '4096 bytes' || name !== 'zbud') run(name, sizeOf);
}
