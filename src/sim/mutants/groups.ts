/** Mutants of groups, exports and pools that come and go, and of shrinking. */
import { after, before, lines, type Mutant } from './mutant.ts';

const WRITEBACK = 'zswap/writeback.js';
const STORE = 'zswap/store.js';
const POOL = 'zswap/pool.js';

export const GROUP_MUTANTS: readonly Mutant[] = [
  {
    name: 'batch-goes-on-without-its-group',
    summary: 'a batch takes what it has picked although its group has gone meanwhile',
    scenario: 'export-removed-writeback',
    patches: [
      {
        file: WRITEBACK,
        find: 'if (this.memcg.online && this.#isStill(slot, this.#pickedIndex)) {',
        replace: 'if (this.#isStill(slot, this.#pickedIndex)) {',
      },
    ],
  },
  {
    name: 'store-charges-the-dead',
    summary: 'a store charges the group that it was admitted for although that has gone meanwhile',
    scenario: 'group-offline-store',
    patches: [
      before(STORE, 1, 'op.pool.references += 1;', 'op.payer = zswap.memcgs.living(memcg);'),
      {
        file: STORE,
        find: 'commit(zswap, op, zswap.memcgs.living(memcg), op.lane)',
        replace: 'commit(zswap, op, op.payer, op.lane)',
      },
    ],
  },
  {
    name: 'removal-does-not-wait',
    summary: 'a disk is cleared while requests are under way on it',
    scenario: 'export-removed-store',
    patches: [
      {
        file: 'blk/swap-disk.js',
        find: lines(2, 'if (this.#underWay === 0)', '    this.#clearLater();'),
        replace: lines(2, 'this.#clearLater();'),
      },
    ],
  },
  {
    name: 'group-goes-after-its-area',
    summary: "a disk's slots are given out again before its group is offline",
    scenario: 'export-removed-writeback',
    patches: [
      {
        file: 'blk/disk-lifetime.js',
        find: 'zswap.memcgs.offline(area.memcg);',
        replace: 'zswap.rt.yieldTask({ resume: () => zswap.memcgs.offline(area.memcg) });',
      },
    ],
  },
  {
    name: 'reclaim-counts-the-batches-of-others',
    summary: "a reclaim counts what it has waited for as its own, although it was another's",
    scenario: 'two-reclaims',
    patches: [
      {
        file: 'zswap/shrink/reclaim.js',
        find: '(shrinker.written(present(this.#group)) > 0)',
        replace: '((this.freed = shrinker.written(present(this.#group)) * 16) > 0)',
      },
    ],
  },
  {
    name: 'reclaim-asks-once',
    summary: 'a reclaim asks once, at its first batch, whether a group may be written back',
    scenario: 'writeback-off-above',
    patches: [
      after('zswap/shrink/reclaim.js', 2, 'this.#failures = 0;', 'this.allowed = new Map();'),
      {
        file: 'zswap/shrink/shrink.js',
        find: lines(2, 'if (!mayShrink(this.#zswap, memcg))'),
        replace: lines(
          2,
          'const may = owner?.allowed?.get(memcg) ?? mayShrink(this.#zswap, memcg);',
          'owner?.allowed?.set(memcg, may);',
          'if (!may)',
        ),
      },
    ],
  },
  {
    name: 'shrinker-knows-the-dead',
    summary: 'a group that has gone is taken up again by who was shrinking it',
    scenario: 'dynamic-shrinker-removal',
    patches: [
      {
        file: 'zswap/shrink/shrink.js',
        find: 'if (!mayShrink(this.#zswap, memcg))',
        replace:
          'if (!mayShrink(this.#zswap, memcg) && (owner === undefined || this.#group(memcg)))',
      },
    ],
  },
  {
    name: 'pressure-remembers-the-dead',
    summary: 'what is left to be looked at is noted for a group that has gone meanwhile',
    scenario: 'dynamic-shrinker-removal',
    patches: [
      {
        file: 'memcg/shrinker.js',
        find: 'if (memcg.online) {',
        replace: 'if (memcg.online !== undefined) {',
      },
    ],
  },
  {
    name: 'store-looks-at-its-limit-early',
    summary: "a store goes by its group's limit as it was before it waited for its slot",
    scenario: 'limit-lowered',
    patches: [
      {
        file: STORE,
        find: '!memcg.mayZswap()',
        replace: '!(op.mayZswap ?? memcg.mayZswap())',
      },
      before(
        'blk/write.js',
        1,
        'if (request.bioCount > 0 && !context.swap.cache.tryLock(slot, request)) {',
        'request.store.mayZswap = context.area.memcg.mayZswap();',
      ),
    ],
  },
  {
    name: 'store-commits-to-the-pool-of-now',
    summary: 'a store is placed in the pool that is current when it commits',
    scenario: 'group-pool',
    patches: [
      {
        file: STORE,
        find: 'const pool = op.pool;',
        replace: 'const pool = zswap.poolFor(memcg);',
      },
    ],
  },
  {
    name: 'pool-goes-later',
    summary: 'a retired pool goes one step after its last entry, whatever has become of it',
    scenario: 'pool-comes-back',
    patches: [
      { file: POOL, find: 'put(pool) {', replace: 'put(pool, now = false) {' },
      { file: POOL, find: 'this.put(previous);', replace: 'this.put(previous, true);' },
      {
        file: POOL,
        find: lines(2, 'this.#pools[pool.id] = undefined;'),
        replace: lines(
          2,
          'const go = () => {',
          '    this.#pools[pool.id] = undefined;',
          '};',
          'if (now)',
          '    go();',
          'else',
          '    this.#rt.yieldTask({ resume: go });',
        ),
      },
    ],
  },
];
