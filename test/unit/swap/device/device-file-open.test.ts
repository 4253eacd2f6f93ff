import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  constants,
  closeSync,
  linkSync,
  mkdirSync,
  openSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';

import { MIB } from '../../../../src/std/units.ts';
import {
  holdsData,
  openDevicePath,
  reopenDirect,
} from '../../../../src/swap/device/device-file-open.ts';
import { makeFolder, makeLoopDevice, reasonToSkip } from '../../../support/storage.ts';

const folder = makeFolder();
after(() => folder.remove());
const at = (name: string): string => join(folder.path, name);

async function identityOf(path: string): Promise<string> {
  const opened = await openDevicePath(path);
  await opened.handle.close();
  return opened.identity;
}

describe('openDevicePath', () => {
  it('creates a missing file that only its owner may read', async () => {
    const opened = await openDevicePath(at('new'));
    await opened.handle.close();
    assert.equal(opened.kind, 'file');
    assert.equal(opened.bytes, 0);
    assert.equal(statSync(at('new')).mode & 0o777, 0o600);
  });

  it('gives all names of a file one identity, and other files another', async () => {
    writeFileSync(at('one'), '');
    linkSync(at('one'), at('same'));
    assert.equal(await identityOf(at('one')), await identityOf(at('same')));
    assert.notEqual(await identityOf(at('one')), await identityOf(at('other')));
  });

  const refusals: readonly (readonly [what: string, make: () => string, why: RegExp])[] = [
    ['a folder', () => folder.path, /it is a folder/],
    ['a missing folder', () => at('none/swap'), /the folder it should be in does not exist/],
    ['a file taken for a folder', () => at('one/swap'), /not a folder/],
    ['a character device', () => '/dev/null', /neither a file nor a block device/],
    [
      'a FIFO',
      (): string => {
        execFileSync('mkfifo', [at('fifo')]);
        return at('fifo');
      },
      /neither a file nor a block device/,
    ],
    [
      'a symbolic link to a file',
      (): string => {
        writeFileSync(at('target'), '');
        symlinkSync(at('target'), at('link'));
        return at('link');
      },
      /symbolic link/,
    ],
    [
      'a symbolic link to a folder',
      (): string => {
        mkdirSync(at('folder'));
        symlinkSync(at('folder'), at('folder-link'));
        return at('folder-link');
      },
      /folder/,
    ],
  ];
  for (const [what, make, why] of refusals) {
    it(`refuses ${what} in one sentence with the path`, async () => {
      const path = make();
      await assert.rejects(openDevicePath(path), (error: Error & { code?: string }) => {
        assert.equal(error.code, 'ZSWAP_DEVICE_OPEN');
        assert.ok(error.message.includes(`cannot use ${path} as a backing swap device: `));
        assert.match(error.message, why);
        return true;
      });
    });
  }
});

describe('holdsData', () => {
  const cases: readonly (readonly [what: string, position: number, expected: boolean])[] = [
    ['a boot sector', 0, true],
    ['a signature at 64 KiB', 65_600, true],
    ['a signature near the end', 16 * MIB - 8192, true],
    ['the last byte', 16 * MIB - 1, true],
  ];
  for (const [what, position, expected] of cases) {
    it(`finds ${what}`, async () => {
      const path = at(`data-${position}`);
      writeFileSync(path, '');
      truncateSync(path, 16 * MIB);
      const fd = openSync(path, 'r+');
      writeSync(fd, 'x', position);
      closeSync(fd);
      const opened = await openDevicePath(path);
      assert.equal(await holdsData(opened), expected);
      await opened.handle.close();
    });
  }

  it('finds nothing in zeros of any length', async () => {
    for (const bytes of [0, 1, 5000, MIB, MIB + 1, 3 * MIB - 7, 40 * MIB]) {
      writeFileSync(at('zeros'), '');
      truncateSync(at('zeros'), bytes);
      const opened = await openDevicePath(at('zeros'));
      assert.equal(await holdsData(opened), false, `${bytes} bytes`);
      await opened.handle.close();
    }
  });
});

const skip = reasonToSkip('root and losetup', () => makeLoopDevice(4 * MIB));

describe('openDevicePath on a block device', { skip }, () => {
  it('finds its size and number, also through a symbolic link', async () => {
    const loop = makeLoopDevice(4 * MIB);
    try {
      const opened = await openDevicePath(loop.path);
      assert.equal(opened.kind, 'block');
      assert.equal(opened.bytes, 4 * MIB);
      assert.match(opened.identity, /^block:7:\d+$/);
      const direct = await reopenDirect(opened.handle);
      assert.notEqual(direct, undefined);
      await direct?.close();
      await opened.handle.close();
      symlinkSync(loop.path, at('loop-link'));
      assert.equal(await identityOf(at('loop-link')), opened.identity);
    } finally {
      loop.remove();
    }
  });

  it('refuses one that somebody else has exclusively, as a mount does', async () => {
    const loop = makeLoopDevice(4 * MIB);
    const fd = openSync(loop.path, constants.O_RDWR | constants.O_EXCL);
    try {
      await assert.rejects(openDevicePath(loop.path), { code: 'ZSWAP_DEVICE_BUSY' });
    } finally {
      closeSync(fd);
      loop.remove();
    }
  });
});
