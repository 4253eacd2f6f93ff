// The smallest program of its own: swap for one guest, and a look at the pool now and then.
import { createNbdServer, openEngine } from 'zswapd';

const engine = await openEngine({
  exports: [{ name: 'vm1', sizeBytes: 2 ** 30, zswapMax: 256 * 2 ** 20 }],
});
const server = createNbdServer({ exports: () => engine.exports, rt: engine.rt });
await server.listenUnix('/tmp/swap.sock');
setInterval(() => console.log(engine.snapshot().zswap.pool_total_size), 10_000);
