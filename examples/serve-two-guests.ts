// A program of its own that offers swap to two guests from one pool, each with a quota.
//
//   node dist/examples/serve-two-guests.js /tmp/swap.sock
import { createNbdServer, openEngine } from 'zswapd';

const socket = process.argv[2] ?? './swap.sock';
const engine = await openEngine({
  exports: [
    { name: 'vm1', sizeBytes: 2 ** 30, zswapMax: 256 * 2 ** 20 },
    { name: 'vm2', sizeBytes: 2 ** 30, zswapMax: 64 * 2 ** 20, compressor: 'zstd:1' },
  ],
  poolLimit: { kind: 'bytes', bytes: 300 * 2 ** 20 },
  spill: `${socket}.swap`,
});
const server = createNbdServer({ exports: () => engine.exports, rt: engine.rt });
await server.listenUnix(socket);
console.log(`ready nbd+unix:///vm1?socket=${socket} nbd+unix:///vm2?socket=${socket}`);

// A spill file that is not closed is refused at the next start, so every orderly end closes it.
async function stop(): Promise<void> {
  await server.close();
  const { vmstat, memcg } = engine.snapshot();
  console.log(`zswpout ${vmstat.zswpout}, vm1 ${memcg['vm1']?.['memory.zswap.current']} bytes`);
  await engine.close();
}
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => void stop());
