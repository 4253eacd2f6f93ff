import { describe, it } from 'node:test';
import assert from 'node:assert/strict';
import { setImmediate as turn } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { GroupPasses } from '../../../../src/mm/reclaim/group-passes.ts';
import { DEF_PRIORITY } from '../../../../src/memcg/shrinker.ts';
import { MemcgTree, type Memcg } from '../../../../src/memcg/memcg.ts';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

/** The names of the groups that come next. */
function names(passes: GroupPasses, count: number): string[] {
  return Array.from({ length: count }, () => {
    assert.ok(passes.next());
    return passes.current.name;
  });
}

describe('the passes over groups', () => {
  it('come to each group once in each, and begin with another one in each run', () => {
    const memcgs = new MemcgTree();
    const parent = memcgs.create('parent');
    for (const name of ['a', 'b']) memcgs.create(name, parent);
    const passes = new GroupPasses(memcgs);
    const firsts = Array.from({ length: 3 }, () => {
      passes.begin(parent);
      const [first = '', ...others] = names(passes, 3);
      assert.deepEqual([first, ...others].toSorted(), ['a', 'b', 'parent']);
      assert.equal(passes.priority, DEF_PRIORITY);
      passes.end();
      return first;
    });
    assert.deepEqual(firsts.toSorted(), ['a', 'b', 'parent']);
  });

  it('are as many as there are priorities, and list the groups anew in each', () => {
    const memcgs = new MemcgTree();
    const group = memcgs.create('group');
    const passes = new GroupPasses(memcgs);
    passes.begin(group);
    assert.deepEqual(names(passes, 1), ['group']);
    memcgs.create('child', group);
    for (let pass = 0; pass < DEF_PRIORITY; pass += 1) {
      assert.deepEqual(names(passes, 2).toSorted(), ['child', 'group']);
    }
    assert.equal(passes.priority, 0);
    assert.equal(passes.next(), false);
  });

  it('leave out a group that was given up, until the run is over', () => {
    const memcgs = new MemcgTree();
    memcgs.create('a');
    const passes = new GroupPasses(memcgs);
    passes.begin(memcgs.root);
    const given = names(passes, 1);
    passes.giveUpCurrent();
    const rest = names(passes, DEF_PRIORITY);
    assert.equal(rest.includes(given[0] as string), false);
    passes.giveUpCurrent();
    assert.equal(passes.next(), false);
    passes.end();
    passes.begin(memcgs.root);
    assert.deepEqual(names(passes, 2).toSorted(), ['', 'a']);
  });

  it('do not keep groups that are gone', async () => {
    const memcgs = new MemcgTree();
    const passes = new GroupPasses(memcgs);
    const gone = withGroups(memcgs, passes);
    // What was referred to in a turn is kept until its end.
    await turn();
    collectGarbage();
    assert.deepEqual(
      gone.map((group) => group.deref()?.name),
      gone.map(() => undefined),
    );
  });
});

/** A run over groups that are removed after it. */
function withGroups(memcgs: MemcgTree, passes: GroupPasses): WeakRef<Memcg>[] {
  const groups = ['a', 'b', 'c'].map((name) => memcgs.create(name));
  passes.begin(memcgs.root);
  names(passes, 4);
  passes.giveUpCurrent();
  passes.end();
  for (const group of groups) memcgs.offline(group);
  return groups.map((group) => new WeakRef(group));
}
