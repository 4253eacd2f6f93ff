import { describe, it } from 'node:test';
import assert from 'node:assert/strict';
import { EIO } from '../../../../src/std/errno.ts';
import { PAGE_SIZE } from '../../../../src/std/units.ts';
import type { Memcg } from '../../../../src/memcg/memcg.ts';
import type { Region } from '../../../../src/mm/region.ts';
import { TestAddressSpace, type AddressSpaceOptions } from '../../../support/address-space.ts';

/** A region whose pages are all on the device. */
function onDevice(
  options: AddressSpaceOptions & { readonly group?: (space: TestAddressSpace) => Memcg } = {},
): { space: TestAddressSpace; region: Region } {
  const space = new TestAddressSpace({ frames: 256, pageCluster: 3, ...options });
  const group = options.group?.(space) ?? space.memcgs.root;
  const region = space.map(64, { group });
  space.params.enabled = false;
  space.fill(region);
  space.pageout(region);
  return { space, region };
}

describe('readahead', () => {
  for (const mode of ['region', 'cluster'] as const) {
    it(`brings the neighbours of a page with it, and counts those that are used (${mode})`, () => {
      const { space, region } = onDevice();
      space.mm.readahead.mode = mode;
      const { events } = space.mm.stats;
      assert.equal(space.read(region, 8), 9);
      assert.equal(events.swap_ra, 7);
      assert.equal(space.mm.frames.usedPages, 8);
      const { pgmajfault } = events;
      const cached = space
        .places(region)
        .flatMap((place, page) => (place === 'cached' ? page : []));
      assert.equal(cached.length, 7);
      for (const page of cached) assert.equal(space.read(region, page), page + 1);
      assert.equal(events.swap_ra_hit, 7);
      assert.equal(events.pgmajfault, pgmajfault);
      space.verify(region);
      space.unmap(region);
      space.assertDrained();
    });

    it(`reads a region in order with few faults for the device (${mode})`, () => {
      const { space, region } = onDevice();
      space.mm.readahead.mode = mode;
      space.verify(region);
      assert.ok(space.mm.stats.events.pgmajfault <= 16, `${space.mm.stats.events.pgmajfault}`);
      assert.equal(space.swap.vmstat.pswpin, 64);
    });

    it(`does nothing in the direct mode (${mode})`, () => {
      const { space, region } = onDevice({ swapinMode: 'direct' });
      space.mm.readahead.mode = mode;
      assert.equal(space.read(region, 8), 9);
      assert.equal(space.mm.frames.usedPages, 1);
    });
  }

  it('can be switched off', () => {
    const { space, region } = onDevice({ pageCluster: 0 });
    assert.equal(space.read(region, 8), 9);
    assert.equal(space.mm.frames.usedPages, 1);
  });

  it('leaves neighbours in the pool there', () => {
    const { space, region } = onDevice();
    space.params.enabled = true;
    space.write(region, 9, 10);
    space.pageout(region, 9, 10);
    assert.equal(space.place(region, 9), 'entry');
    space.discard(region, 7, 8);
    const before = space.mm.stats.events.swap_ra;
    space.verify(region, 1, 7);
    assert.ok(space.mm.stats.events.swap_ra > before);
    assert.equal(space.place(region, 9), 'entry');
    assert.equal(space.place(region, 7), 'none');
  });

  it('takes no frame where frames are short, or its group has none left', () => {
    const { space, region } = onDevice({
      group: ({ memcgs }) => {
        const group = memcgs.create('tenant');
        group.setMemoryMax(2 * PAGE_SIZE);
        return group;
      },
    });
    assert.equal(space.read(region, 8), 9);
    assert.ok(space.mm.frames.usedPages <= 2);
    const short = onDevice({ frames: 4 });
    assert.equal(short.space.read(short.region, 8), 9);
    assert.ok(short.space.mm.frames.usedPages <= 4);
  });

  it('tells no error of a neighbour before somebody asks for it', () => {
    const { space, region } = onDevice();
    assert.ok(space.device !== undefined);
    const read = space.begin('read', region, 8);
    space.device.readErrors = 256;
    space.settle();
    assert.equal(read.access.error, EIO);
    assert.equal(space.mm.frames.usedPages, 0);
    space.device.readErrors = 0;
    space.verify(region);
  });

  it('frees what was discarded while it was read', () => {
    const { space, region } = onDevice();
    space.begin('read', region, 8);
    space.rt.step();
    space.discard(region);
    space.settle();
    assert.equal(space.mm.readahead.underWay, 0);
    space.assertDrained();
  });
});
