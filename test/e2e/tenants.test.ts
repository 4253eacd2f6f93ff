// Goal: tenants that share a pool far too small for them get back what they wrote, whatever the
// operator does meanwhile; the pool keeps to its limit and keeps what is used; and a tenant at its
// own limit is alone with it.
// Method: a client in Python over libnbd (tenants/) with a model of every page, an operator's
// command line, and an exact LRU over the same accesses. ZSWAPD_TENANT_BYTES and ZSWAPD_TENANT_SEED
// ask for more of it, or for another.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, type TestContext } from 'node:test';
import { startDaemon } from '../support/daemon.ts';
import { projectFile, scratchFolder } from '../support/project.ts';
import { itNeeds } from '../support/require.ts';
import { runOk } from '../support/run.ts';
import { samplePages } from '../support/sample-pages.ts';

const MIB = 1024 * 1024;
const BYTES = Number(process.env['ZSWAPD_TENANT_BYTES'] ?? 1024 * MIB);
const SEED = process.env['ZSWAPD_TENANT_SEED'] ?? '1';
const NEEDS = ['zswapd', 'python3-libnbd'] as const;

/** One part of the traffic: how its reads fared, beside an exact LRU of as many pages. */
interface Phase {
  readonly loads: number;
  readonly hit_ratio: number;
  readonly lru_hit_ratio: number;
  readonly refused: number;
  readonly written_back: number;
}

interface StormFigures {
  readonly written_bytes: number;
  readonly paced: Phase;
  readonly crowded: Phase;
  readonly storm: Phase;
  readonly actions: number;
  readonly samples: number;
}

/** Starts a daemon with a pool of 64 MiB, and the client over its exports; returns its figures. */
async function tenants(
  t: TestContext,
  what: 'storm' | 'limit',
  exports: readonly string[],
  bytes: number,
): Promise<unknown> {
  const folder = scratchFolder((remove) => t.after(remove));
  const spill = join(folder, 'spill.swap');
  const daemon = await startDaemon({ folder, exports, poolSize: '64M', spill });
  t.after(() => daemon.stop());
  const pages = join(folder, 'pages');
  const { bytes: contents, source } = samplePages();
  writeFileSync(pages, contents);
  const client = [projectFile('test/e2e/tenants'), what];
  const server = ['--control', daemon.control, '--socket', daemon.socket, '--pages', pages];
  const operator = ['--zswapd', process.execPath, projectFile('dist/src/cli/main.js')];
  const amount = ['--bytes', String(bytes), '--seed', SEED];
  const text = await runOk(
    '/usr/bin/python3',
    ['-B', ...client, ...server, ...operator, ...amount],
    { limitSeconds: 900 },
  );
  t.diagnostic(`${source}: ${text.trim()}`);
  assert.equal(await daemon.stop(), 0);
  return JSON.parse(text);
}

describe('tenants of one pool', () => {
  // The client itself ends with an error at the first page that is not what was written, at the
  // first sample of a pool above its limit by more than a zspage, and if anything is left over.
  itNeeds(NEEDS, 'read what they wrote last, while everything is changed', async (t) => {
    const exports = ['a:128M', 'b:128M', 'c:128M', 'd:128M'];
    const figures = (await tenants(t, 'storm', exports, BYTES)) as StormFigures;
    assert.ok(figures.written_bytes >= BYTES);
    assert.ok(figures.actions > 0 && figures.samples > 10);
    const { paced, crowded, storm } = figures;
    for (const phase of [paced, crowded, storm]) assert.ok(phase.loads > 0);
    assert.ok(storm.written_back > 0);
    assert.equal(paced.refused, 0);
    // Nothing was refused, so this compares what was written back with what an LRU gives up. Second
    // chances and a list for each tenant may be worth some more or less than exactness.
    assert.ok(paced.written_back > 0);
    assert.ok(Math.abs(paced.hit_ratio - paced.lru_hit_ratio) < 0.05, JSON.stringify(paced));
  });

  itNeeds(NEEDS, 'are not touched by one that runs past its zswap.max', async (t) => {
    const exports = ['large:48M', 'small:48M,zswap.max=6M', 'loud:48M,zswap.max=8M'];
    await tenants(t, 'limit', exports, 256 * MIB);
  });
});
