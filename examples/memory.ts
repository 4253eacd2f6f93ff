// Memory that is larger than the RAM it may use.
import { openMachine } from 'zswapd';

const machine = await openMachine({
  memory: '8MiB', // page frames
  pool: { limit: '8MiB' }, // compressed pages
  swap: [{ path: './memory.swap', size: '1GiB' }], // the rest; made as a hole
});
const region = machine.map({ bytes: '64MiB' });
await region.write(50_000_000, Buffer.from('far away'));
const target = Buffer.alloc(8);
// At once from frames and the pool; only the device has to be waited for.
if (!region.readSync(50_000_000, target)) await region.read(50_000_000, target);
console.log(target.toString(), machine.stats().memory.used);
await machine.close();
