// A cache that counts all of its RAM, with a disk behind it and a group for one tenant.
//
//   node dist/examples/cache.js /tmp/cache.swap
import { openCache } from 'zswapd/cache';

const MIB = 2 ** 20;
const path = process.argv[2] ?? './cache.swap';
const cache = await openCache({
  maxBytes: 32 * MIB,
  spill: { path, bytes: 256 * MIB },
  compressor: 'zstd:1',
});
const acme = await cache.group('acme', { maxBytes: 8 * MIB, ttl: 60_000 });
await acme.set('session:4', Buffer.from('{"user":17}'));

for (let id = 0; id < 100_000; id += 1) {
  const value = Buffer.from(JSON.stringify({ id, name: `user ${id}`, tags: ['one', 'two'] }));
  // At once where there is room in RAM; with a wait where something must go to the disk first.
  if (cache.setSync(`user:${id}`, value) === 'would-wait') await cache.set(`user:${id}`, value);
}

let oldest = cache.getSync('user:0');
if (oldest === 'would-wait') oldest = await cache.get('user:0');
const { total, limit } = cache.memoryUsage();
console.log(`${cache.size} entries in ${(total / MIB).toFixed(1)} of ${limit / MIB} MiB`);
console.log(`the oldest: ${oldest === undefined ? 'evicted' : Buffer.from(oldest).toString()}`);
console.log(`of acme: ${acme.size}`);

// What is not closed is found empty at the next start, too; but the file is locked until then.
await cache.close();
