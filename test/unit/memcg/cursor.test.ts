import { describe, it } from 'node:test';
import assert from 'node:assert/strict';
import { MemcgCursor } from '../../../src/memcg/cursor.ts';
import { MemcgTree } from '../../../src/memcg/memcg.ts';

/** root ( a ( a1 a2 ) b ) */
function tree(): { readonly memcgs: MemcgTree; readonly names: (rounds: number) => string[] } {
  const memcgs = new MemcgTree();
  const a = memcgs.create('a');
  memcgs.create('b');
  memcgs.create('a1', a);
  memcgs.create('a2', a);
  const cursor = new MemcgCursor(memcgs);
  const names = (steps: number): string[] =>
    Array.from({ length: steps }, () => cursor.next()?.name ?? '-');
  return { memcgs, names };
}

describe('MemcgCursor', () => {
  it('goes round the tree, each group before its children, and says when a round ends', () => {
    const { names } = tree();
    assert.deepEqual(names(8), ['', 'a', 'a1', 'a2', 'b', '-', '', 'a']);
  });

  it('steps over a group that goes offline under it, and goes on with the one after', () => {
    const memcgs = new MemcgTree();
    const [a, b, c] = ['a', 'b', 'c'].map((name) => memcgs.create(name));
    assert.ok(a !== undefined && b !== undefined && c !== undefined);
    b.charge(100);
    const cursor = new MemcgCursor(memcgs);
    memcgs.registerOfflineHook({ groupOffline: (group) => cursor.leave(group) });
    for (const expected of [memcgs.root, a, b]) assert.equal(cursor.next(), expected);
    memcgs.offline(b);
    // Siblings after a dead group must not be starved by starting from the root again.
    assert.equal(cursor.next(), c);
    assert.equal(cursor.next(), undefined);
    assert.deepEqual([cursor.next(), cursor.next(), cursor.next()], [memcgs.root, a, c]);
  });
});
