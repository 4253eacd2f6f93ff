// A program whose memory is larger than the RAM it may use: 64 MiB of data in 8 MiB of frames.
//
//   node dist/examples/larger-than-ram.js ./larger.swap
import { openMachine } from 'zswapd';

const path = process.argv[2] ?? './larger.swap';
const machine = await openMachine({
  memory: '8MiB', // page frames
  pool: { limit: '8MiB' }, // compressed pages
  swap: [{ path, size: '1GiB', reset: true }], // what is left, in a file that is made as a hole
});
const tenant = machine.group('tenant', { memoryMax: '12MiB' });
const region = machine.map({ bytes: '64MiB', group: tenant, order: 4 });

const line = Buffer.alloc(100);
for (let i = 0; i < 600_000; i += 1) {
  line.fill(`line ${i}; `);
  // At once while the page is in a frame or in the pool; only the device is waited for.
  if (!region.writeSync(i * 100, line)) await region.write(i * 100, line);
}
await region.read(123_456 * 100, line);
console.log(line.toString('latin1', 0, 12));

// A page in place: no copy, until it is released.
const pin = await region.pin(7, { write: true });
pin.bytes.fill(0);
pin.release();

const { memory, zswap, swap } = machine.stats();
console.log('frames', memory.used, 'pool', zswap.pool_total_size, 'device', swap?.used_bytes);
await machine.close();
