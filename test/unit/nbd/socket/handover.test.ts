import assert from 'node:assert/strict';
import { closeSync, fstatSync, openSync, readlinkSync } from 'node:fs';
import { describe, it } from 'node:test';
import { DescriptorKeeper } from '../../../../src/nbd/socket/handover.ts';
import type { StreamHandle } from '../../../../src/nbd/socket/handle.ts';
import { ManualClockRt } from '../../../support/manual-clock-rt.ts';

/** A handle of a descriptor that is open, and what else happens when it is closed. */
function openHandle(afterClose: (fd: number) => void = () => {}): {
  fd: number;
  handle: StreamHandle;
} {
  const fd = openSync('/dev/zero', 'r');
  const close = (): void => {
    closeSync(fd);
    afterClose(fd);
  };
  return { fd, handle: { readStop: () => {}, close } };
}

const nameOf = (fd: number): string => readlinkSync(`/proc/self/fd/${fd}`);

describe('a keeper of descriptors', () => {
  it('closes a connection and keeps its number until the other side has closed', async () => {
    const keeper = new DescriptorKeeper(new ManualClockRt());
    const { fd, handle } = openHandle();
    keeper.keep(fd, handle);
    assert.equal(keeper.count, 1);
    await keeper.close(fd);
    assert.equal(keeper.count, 0);
    assert.equal(nameOf(fd), '/dev/null');
    // Nobody else gets the number meanwhile.
    const other = openSync('/dev/zero', 'r');
    assert.notEqual(other, fd);
    closeSync(other);
    closeSync(fd);
    assert.throws(() => fstatSync(fd), { code: 'EBADF' });
  });

  it('takes no more numbers than it gives back, though lower ones are free', async () => {
    const holes = [0, 1, 2].map(() => openSync('/dev/zero', 'r'));
    const rt = new ManualClockRt();
    const keeper = new DescriptorKeeper(rt);
    const { fd, handle } = openHandle();
    keeper.keep(fd, handle);
    for (const hole of holes) closeSync(hole);
    await keeper.close(fd);
    assert.equal(nameOf(fd), '/dev/null');
    // A crowd that goes in one turn finds them taken already, and takes none twice.
    for (const hole of holes) assert.equal(nameOf(hole), '/dev/null');
    await rt.yieldNow();
    for (const hole of holes) assert.throws(() => fstatSync(hole), { code: 'EBADF' });
    closeSync(fd);
  });

  it('waits while somebody else has the number', async () => {
    const rt = new ManualClockRt();
    const keeper = new DescriptorKeeper(rt);
    let stranger = -1;
    const { fd, handle } = openHandle(() => {
      stranger = openSync('/dev/zero', 'r');
    });
    keeper.keep(fd, handle);
    let isFree = false;
    const closed = keeper.close(fd).then(() => (isFree = true));
    assert.equal(stranger, fd);
    await rt.advance(100);
    assert.equal(isFree, false);
    assert.ok(keeper.awaits(fd));
    assert.equal(nameOf(fd), '/dev/zero');
    closeSync(stranger);
    while (!isFree) await rt.advance(100);
    await closed;
    assert.ok(!keeper.awaits(fd));
    assert.equal(nameOf(fd), '/dev/null');
    closeSync(fd);
  });

  it('says when nothing is elsewhere any more', async () => {
    const keeper = new DescriptorKeeper(new ManualClockRt());
    await keeper.empty();
    const both = [openHandle(), openHandle()];
    for (const { fd, handle } of both) keeper.keep(fd, handle);
    let isEmpty = false;
    const empty = keeper.empty().then(() => (isEmpty = true));
    for (const { fd } of both) {
      assert.equal(isEmpty, false);
      await keeper.close(fd);
    }
    await empty;
    for (const { fd } of both) closeSync(fd);
  });
});
