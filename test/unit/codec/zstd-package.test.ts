/** The levels of zstd that a package compresses: that it is the right one, and has room. */
import assert from 'node:assert/strict';
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { WasmModule, createWasmLane } from '../../../src/codec/wasm.ts';
import { packageLanes } from '../../../src/codec/zstd-package.ts';
import type { createZstd } from '../../../src/codec/zstd.ts';
import { pagesFrom } from '../../support/pages.ts';
import { assertRoundTrips } from './codec-behaviour.ts';

describe('lanes of the package', () => {
  it('have room for the context of every level', () => {
    const kernel = new WasmModule('./zstd.wasm');
    const reader = () => createWasmLane(kernel, 'compress', 'decompressBlocks');
    const pages = pagesFrom(13, 1);
    for (let level = -7; level <= 19; level++) {
      if (level === 0) continue;
      const createLane = packageLanes(level, reader);
      assertRoundTrips({ name: 'zstd', spec: `zstd:${level}`, createLane }, pages);
    }
  });
});

describe('zstd without its package', () => {
  // The compiled sources, copied to where no package of ours is found.
  function withCopy(wasm: string | undefined, check: (module: string) => Promise<void>) {
    const directory = mkdtempSync(join(tmpdir(), 'zswapd-zstd-'));
    for (const floor of ['codec', 'std']) {
      const source = fileURLToPath(new URL(`../../../src/${floor}`, import.meta.url));
      cpSync(source, join(directory, floor), { recursive: true });
    }
    writeFileSync(join(directory, 'package.json'), '{"type":"module"}');
    if (wasm !== undefined) {
      const home = join(directory, 'node_modules/@foxglove/wasm-zstd/dist');
      mkdirSync(home, { recursive: true });
      writeFileSync(join(home, 'wasm-zstd.wasm'), wasm);
    }
    return check(pathToFileURL(join(directory, 'codec/zstd.js')).href).finally(() => {
      rmSync(directory, { recursive: true });
    });
  }

  async function assertRefused(module: string, message: RegExp): Promise<void> {
    const copy = (await import(module)) as { createZstd: typeof createZstd };
    assert.throws(() => copy.createZstd(9), { code: 'ZSWAP_CODEC', message });
  }

  it('says that it is missing', () =>
    withCopy(undefined, (module) => assertRefused(module, /wasm-zstd is missing/)));

  it('leaves the levels of the own kernel', () =>
    withCopy(undefined, async (module) => {
      const copy = (await import(module)) as { createZstd: typeof createZstd };
      assertRoundTrips(copy.createZstd(), pagesFrom(3, 1));
    }));

  it('says that it is another version', () =>
    withCopy('not the file', (module) => assertRefused(module, /not the version/)));
});
