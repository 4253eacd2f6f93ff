import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';

import { MIB } from '../../src/std/units.ts';
import type { SwapDevice } from '../../src/swap/device/device.ts';
import { openFileDevice } from '../../src/swap/device/device-file.ts';
import { RamDevice } from '../../src/swap/device/device-ram.ts';
import { DEVICE_CONTRACT_PAGES, deviceContract } from '../../src/testing/device-contract.ts';
import { NodeRt } from '../../src/rt/rt-node.ts';
import { makeFolder, makeLoopDevice, reasonToSkip } from '../support/storage.ts';

const rt = new NodeRt();
const test = { describe, it };
const pageCount = DEVICE_CONTRACT_PAGES;
const folder = makeFolder();
const path = join(folder.path, 'swap');

async function createFile(direct: boolean): Promise<SwapDevice> {
  rmSync(path, { force: true });
  // Small segments, so that the random walk meets punching.
  const tuning = { direct, segmentPages: 32, onWarning: (): void => {} };
  return openFileDevice({ path, pageCount, rt, ...tuning });
}

deviceContract({
  name: 'RAM',
  test,
  create: () => Promise.resolve(new RamDevice({ pageCount, rt })),
});
deviceContract({ name: 'file, page cache bypassed', test, create: () => createFile(true) });
deviceContract({ name: 'file, through the page cache', test, create: () => createFile(false) });

const skip = reasonToSkip('root and losetup', () => makeLoopDevice(4 * MIB));
if (skip === false) {
  const loop = makeLoopDevice(4 * MIB);
  after(() => loop.remove());
  deviceContract({
    name: 'block device',
    test,
    create: () => openFileDevice({ path: loop.path, pageCount: 0, rt, segmentPages: 32 }),
  });
} else {
  it('device contract: block device', { skip }, () => {});
}
after(() => folder.remove());
