// Goal: pages like those of real processes come back unchanged, and cost about what the kernel
// pays for them.
// Method: write them through NBD, compare, and print the pool's size beside that of the kernel's
// own zram and zswap for the same pages.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe } from 'node:test';
import { startDaemon } from '../support/daemon.ts';
import { projectFile, scratchFolder } from '../support/project.ts';
import { DiskClient } from '../support/disk-client.ts';
import { itNeeds, skipFor } from '../support/require.ts';
import { run } from '../support/run.ts';
import { samplePages } from '../support/sample-pages.ts';

const CHUNK_BYTES = 128 * 1024;
const COMPRESSORS = ['lz4', 'lzo-rle', 'zstd', 'deflate'];

interface PoolCost {
  readonly stored: number;
  readonly poolBytes: number;
}

/** A line of `kernel-pool.sh`. */
interface KernelPool {
  readonly kernel: string;
  readonly compressor: string;
  readonly pool_total_size: number;
}

/** Stores all pages through NBD, reads them back, and returns what the pool then weighed. */
async function storeAndCompare(
  folder: string,
  bytes: Uint8Array,
  args: readonly string[],
): Promise<PoolCost | undefined> {
  const exports = [`vm:${bytes.length}`];
  const daemon = await startDaemon({ folder, exports, args });
  try {
    const client = await DiskClient.open(daemon.socket, 'vm');
    for (let offset = 0; offset < bytes.length; offset += CHUNK_BYTES) {
      assert.equal(await client.write(offset, bytes.subarray(offset, offset + CHUNK_BYTES)), 0);
    }
    for (let offset = 0; offset < bytes.length; offset += CHUNK_BYTES) {
      const expected = Buffer.from(bytes.subarray(offset, offset + CHUNK_BYTES));
      const { error, data } = await client.read(offset, expected.length);
      assert.equal(error, 0);
      assert.ok(data.equals(expected), `the bytes from ${offset} differ`);
    }
    await client.close();
    if (daemon.kind !== 'zswapd') return undefined;
    const { zswap } = await daemon.stats();
    return { stored: zswap['stored_pages'] ?? 0, poolBytes: zswap['pool_total_size'] ?? 0 };
  } finally {
    await daemon.stop();
  }
}

describe('sample pages', () => {
  const folder = scratchFolder(after);
  const { bytes, source } = samplePages();
  const file = join(folder, 'pages');
  before(() => writeFileSync(file, bytes));

  itNeeds([], `come back unchanged (${source})`, async (t) => {
    const cost = await storeAndCompare(folder, bytes, []);
    t.diagnostic(`zswapd, default compressor: ${JSON.stringify(cost)}`);
  });

  for (const compressor of COMPRESSORS) {
    itNeeds(['zswapd'], `come back unchanged through ${compressor}`, async (t) => {
      const cost = await storeAndCompare(folder, bytes, ['--compressor', compressor]);
      assert.ok(cost !== undefined && cost.stored > 0);
      assert.ok(cost.poolBytes < bytes.length, `${cost.poolBytes} bytes are no saving`);
      t.diagnostic(`zswapd ${compressor}: pool_total_size ${cost.poolBytes}`);
    });
  }

  itNeeds(['root', 'cc'], "are weighed by this kernel's own zram and zswap too", async (t) => {
    const result = await run(projectFile('test/e2e/kernel-pool.sh'), [file]);
    if (result.status === 77) {
      skipFor(t, 'kernel-pool');
      return;
    }
    assert.equal(result.status, 0, result.stdout + result.stderr);
    for (const line of result.stdout.trim().split('\n')) {
      const { kernel, compressor, pool_total_size: size } = JSON.parse(line) as KernelPool;
      t.diagnostic(`kernel's ${kernel} ${compressor}: pool_total_size ${size}`);
    }
  });
});
