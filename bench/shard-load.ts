/**
 * One shard under load that it makes itself, on a thread of its own; the parent is `shards.ts`.
 * Writes all pages and reads them back, page by page, so many times as it is asked to, and compares
 * what it has read.
 */
import { parentPort, workerData } from 'node:worker_threads';
import { assert } from '../src/std/assert.ts';
import { PoolAccount } from '../src/zpool/pool-account.ts';
import { PageEngine } from './page-engine.ts';

/** What a thread begins with. */
export interface ShardLoadData {
  readonly compressor: string;
  readonly pages: Uint8Array;
  /** Of `createAccountMemory`, for as many shards as there are. */
  readonly account: SharedArrayBuffer;
  readonly shard: number;
}

/** Times all pages are written and read. */
export type ShardLoadPasses = number;

assert(parentPort !== null);
const port = parentPort;
const { compressor, pages, account, shard } = workerData as ShardLoadData;
const engine = await PageEngine.open(compressor, pages, new PoolAccount(account, shard));

port.on('message', (passes: ShardLoadPasses) => {
  void run(passes).then(() => port.postMessage('done'));
});
port.postMessage('ready');

async function run(passes: number): Promise<void> {
  for (let pass = 0; pass < passes; pass += 1) {
    await engine.pass('write', 1);
    await engine.pass('read', 1);
  }
  engine.verify();
}
