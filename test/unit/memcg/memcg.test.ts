import { describe, it } from 'node:test';
import assert from 'node:assert/strict';
import { MEMCG_COUNT_MAX, MemcgTree } from '../../../src/memcg/memcg.ts';

describe('Memcg', () => {
  it('charges an entry to the group and all its ancestors, and takes it back exactly', () => {
    const tree = new MemcgTree();
    const parent = tree.create('parent');
    const child = tree.create('child', parent);
    const sibling = tree.create('sibling', parent);
    child.charge(100);
    sibling.charge(4096);
    assert.deepEqual(
      [child, sibling, parent, tree.root].map((g) => [g.zswapCurrent, g.zswappedPages]),
      [
        [100, 1],
        [4096, 1],
        [4196, 2],
        [4196, 2],
      ],
    );
    child.uncharge(100);
    sibling.uncharge(4096);
    for (const group of tree.groups()) {
      assert.equal(group.zswapCurrent, 0);
      assert.equal(group.zswappedPages, 0);
    }
  });

  it('refuses to take back more than was charged, and to charge nothing', () => {
    const group = new MemcgTree().create('group');
    group.charge(10);
    assert.throws(() => group.uncharge(11), { name: 'InvariantError' });
    assert.throws(() => group.charge(0), { name: 'InvariantError' });
  });

  it('compares whole pages with memory.zswap.max, as the kernel does', () => {
    const group = new MemcgTree().create('group');
    assert.equal(group.mayZswap(), true);
    group.setZswapMax(2 * 4096 + 4095);
    assert.equal(group.zswapMax, 2 * 4096);
    group.charge(4096);
    group.charge(4095);
    assert.equal(group.mayZswap(), true);
    group.charge(1);
    assert.equal(group.mayZswap(), false);
    group.setZswapMax(Infinity);
    assert.equal(group.mayZswap(), true);
  });

  it('stores nothing with a limit of 0', () => {
    const group = new MemcgTree().create('group');
    group.setZswapMax(0);
    assert.equal(group.mayZswap(), false);
  });

  it('obeys the limit of every ancestor but the root, which has none', () => {
    const tree = new MemcgTree();
    const parent = tree.create('parent');
    const child = tree.create('child', tree.create('middle', parent));
    parent.setZswapMax(4096);
    assert.equal(child.mayZswap(), true);
    child.charge(4096);
    assert.equal(child.mayZswap(), false);
    parent.setZswapMax(8192);
    tree.root.setZswapMax(0);
    assert.equal(child.mayZswap(), true);
  });

  it('takes no limit that is not a number of bytes', () => {
    const group = new MemcgTree().create('group');
    for (const bytes of [-1, NaN]) assert.throws(() => group.setZswapMax(bytes), RangeError);
    assert.equal(group.zswapMax, Infinity);
  });

  it('writes back only if no ancestor forbids it', () => {
    const tree = new MemcgTree();
    const parent = tree.create('parent');
    const child = tree.create('child', parent);
    assert.equal(child.writebackEnabled(), true);
    parent.setWriteback(false);
    assert.equal(child.writeback, true);
    assert.equal(child.writebackEnabled(), false);
    parent.setWriteback(true);
    child.setWriteback(false);
    assert.equal(child.writebackEnabled(), false);
    assert.equal(parent.writebackEnabled(), true);
  });
});

describe('MemcgTree', () => {
  it('reuses the number of a group that was removed', () => {
    const tree = new MemcgTree();
    const first = tree.create('first');
    const second = tree.create('second');
    tree.remove(first);
    const third = tree.create('third');
    assert.equal(third.id, first.id);
    assert.equal(tree.get(third.id), third);
    assert.deepEqual(
      [...tree.groups()].map((group) => group.name),
      ['', 'third', 'second'],
    );
    assert.equal(tree.get(second.id), second);
  });

  it('keeps a group that is charged, that has children, or that is the root', () => {
    const tree = new MemcgTree();
    const parent = tree.create('parent');
    const child = tree.create('child', parent);
    child.charge(1);
    assert.throws(() => tree.remove(child), { name: 'InvariantError' });
    child.uncharge(1);
    assert.throws(() => tree.remove(parent), { name: 'InvariantError' });
    assert.throws(() => tree.remove(tree.root), { name: 'InvariantError' });
    tree.remove(child);
    tree.remove(parent);
    assert.throws(() => tree.remove(parent), { name: 'InvariantError' });
  });

  it('lists a group and those below it that are online, from a place on', () => {
    const tree = new MemcgTree();
    const a = tree.create('a');
    const b = tree.create('b', a);
    const c = tree.create('c', a);
    b.chargeFrames(1);
    tree.offline(b);
    const d = tree.create('d', c);
    const list = [tree.root, tree.root, tree.root, tree.root, tree.root];
    assert.equal(tree.collect(a, list, 1), 4);
    assert.deepEqual(list, [tree.root, a, c, d, tree.root]);
    assert.equal(tree.collect(b, list, 0), 0);
  });

  it('has as many groups as an entry can name', () => {
    const tree = new MemcgTree();
    for (let i = 1; i < MEMCG_COUNT_MAX; i += 1) tree.create(`group ${i}`);
    assert.throws(() => tree.create('one more'), RangeError);
  });
});
