import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { EntryTable } from '../../../../src/cache/lookup/entries.ts';

const CHUNK = 4096;

describe('the table of entries', () => {
  it('keeps what it is told of each, with 28 bytes for it', () => {
    const table = new EntryTable();
    const all = Array.from({ length: 3 * CHUNK }, () => table.allocate());
    assert.ok(!all.includes(0));
    assert.equal(new Set(all).size, all.length);
    for (const index of all) {
      table.setHash(index, 0xffff_ffff - index, index);
      table.setRecord(index, 0x8000_0000 + index, index);
      table.setPrevious(index, index - 1);
      table.setNext(index, index + 1);
      table.setChain(index, index * 2);
    }
    for (const index of all) {
      assert.ok(table.isLive(index));
      assert.equal(table.hashLow(index), 0xffff_ffff - index);
      assert.equal(table.hashHigh(index), index);
      assert.equal(table.location(index), 0x8000_0000 + index);
      assert.equal(table.bytes(index), index);
      assert.equal(table.previous(index), index - 1);
      assert.equal(table.next(index), index + 1);
      assert.equal(table.chain(index), index * 2);
      assert.equal(table.expiry(index), 0);
    }
    assert.equal(table.metadataBytes, 4 * CHUNK * 28);
    assert.equal(table.length, all.length);
  });

  it('has no live entry but those with a record', () => {
    const table = new EntryTable();
    const index = table.allocate();
    assert.ok(!table.isLive(index) && !table.isLive(0) && !table.isLive(2 ** 30));
    table.setRecord(index, 1, 1);
    assert.ok(table.isLive(index));
    table.free(index);
    assert.ok(!table.isLive(index));
  });

  it('gives chunks back that nothing is in, and uses the lowest first', () => {
    const table = new EntryTable();
    const all = Array.from({ length: 4 * CHUNK - 1 }, () => table.allocate());
    const full = table.metadataBytes;
    for (const index of all) if (index >= CHUNK) table.free(index);
    assert.equal(table.metadataBytes, full / 2, 'one is kept');
    table.trim();
    assert.equal(table.metadataBytes, full / 4);
    table.free(100);
    assert.equal(table.allocate(), 100);
    assert.ok(table.allocate() >= CHUNK);
    assert.equal(table.metadataBytes, full / 2);
  });

  it('has room for times of expiry only where there are any', () => {
    const table = new EntryTable();
    const [first, second] = [table.allocate(), table.allocate()];
    const before = table.metadataBytes;
    table.setExpiry(first, 0);
    assert.equal(table.metadataBytes, before);
    const growth = table.expiryGrowthBytes(first);
    table.setExpiry(first, 1.5e12);
    assert.equal(table.metadataBytes, before + growth);
    assert.equal(table.expiryGrowthBytes(second), 0);
    assert.equal(table.expiry(first), 1.5e12);
    assert.equal(table.expiry(second), 0);
    table.free(first);
    assert.equal(table.expiry(table.allocate()), 0, 'a reused entry has none');
  });

  it('foretells what it will take', () => {
    const table = new EntryTable();
    for (let i = 0; i < 2 * CHUNK; i += 1) {
      const expires = i % 3 === 0;
      const before = table.metadataBytes;
      const growth = table.growthBytes(expires);
      const index = table.allocate();
      if (expires) table.setExpiry(index, 1);
      assert.equal(table.metadataBytes, before + growth);
    }
  });
});
