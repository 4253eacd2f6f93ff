import assert from 'node:assert/strict';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';

import { EIO, ENOSPC, OK } from '../../../../src/std/errno.ts';
import { MIB, PAGE_SIZE } from '../../../../src/std/units.ts';
import { Bio } from '../../../../src/swap/device/device.ts';
import { FileRequest, errnoOf } from '../../../../src/swap/device/device-file-request.ts';
import { makeFolder, makeSmallFileSystem, reasonToSkip } from '../../../support/storage.ts';

const folder = makeFolder();
after(() => folder.remove());

/** Runs one request to its end on a plain descriptor. */
function move(
  fd: number,
  verb: 'read' | 'write',
  devicePage: number,
  pageCount: number,
): Promise<Bio> {
  const bio = new Bio();
  bio.devicePage = devicePage;
  bio.pageCount = pageCount;
  return new Promise((resolve) => {
    const onEnd = (request: FileRequest): void => resolve(request.bio);
    const request = new FileRequest(bio, { fd, direct: false, onEnd });
    request.isWrite = verb === 'write';
    request.start();
  });
}

describe('errnoOf', () => {
  it('says no room for a full disk, a quota and a size limit, and EIO for the rest', () => {
    const errnos = ['ENOSPC', 'EDQUOT', 'EFBIG', 'EIO', 'EBADF', 'EINVAL'].map((code) =>
      errnoOf(Object.assign(new Error(code), { code })),
    );
    assert.deepEqual(errnos, [ENOSPC, ENOSPC, ENOSPC, EIO, EIO, EIO]);
  });
});

describe('FileRequest', () => {
  it('puts device page 0 behind the header page', async () => {
    const handle = await open(join(folder.path, 'layout'), 'w+');
    assert.equal((await move(handle.fd, 'write', 0, 1)).error, OK);
    assert.equal((await handle.stat()).size, 2 * PAGE_SIZE);
    assert.equal((await move(handle.fd, 'write', 40, 3)).error, OK);
    assert.equal((await handle.stat()).size, 44 * PAGE_SIZE);
    await handle.close();
  });

  it('ends a read that runs into the end of the file with an error', async () => {
    const handle = await open(join(folder.path, 'short'), 'w+');
    await handle.truncate(3 * PAGE_SIZE);
    assert.equal((await move(handle.fd, 'read', 0, 4)).error, EIO);
    assert.equal((await move(handle.fd, 'read', 0, 2)).error, OK);
    await handle.close();
  });

  it('ends with an error on a descriptor that cannot be used', async () => {
    const handle = await open(join(folder.path, 'read-only'), 'w+');
    await handle.close();
    const readOnly = await open(join(folder.path, 'read-only'), 'r');
    assert.equal((await move(readOnly.fd, 'write', 0, 1)).error, EIO);
    await readOnly.close();
  });

  const skip = reasonToSkip('root and mount', () => makeSmallFileSystem(MIB));
  it('goes on after a short write until the disk is full', { skip }, async () => {
    const small = makeSmallFileSystem(64 * 1024);
    const handle = await open(join(small.path, 'swap'), 'w+');
    try {
      assert.equal((await move(handle.fd, 'write', 0, 8)).error, OK);
      assert.equal((await move(handle.fd, 'write', 8, 32)).error, ENOSPC);
    } finally {
      await handle.close();
      small.remove();
    }
  });
});
