/** Mutants of store: what it decides before it waits, what it shares, and which pool it uses. */
import { after, before, lines, without, type Mutant } from './mutant.ts';

const STORE = 'zswap/store.js';
const WRITE = 'blk/write.js';
const ZSMALLOC = 'zpool/zsmalloc.js';
const COMPACT = 'zpool/compact.js';

export const STORE_MUTANTS: readonly Mutant[] = [
  {
    name: 'store-without-pool-reference',
    summary: 'a store holds no reference on its pool while it compresses',
    scenario: 'pool-switch',
    patches: [
      {
        file: STORE,
        find: lines(1, 'op.pool.references += 1;', 'return undefined;'),
        replace: lines(1, 'return undefined;'),
      },
      without(STORE, 1, 'if (op.pool !== undefined)', '    zswap.pools.put(op.pool);'),
    ],
  },
  {
    name: 'store-puts-the-current-pool',
    summary: 'a store gives back a reference on the pool of now, not on the one that it took',
    scenario: 'pool-switch',
    patches: [
      {
        file: STORE,
        find: 'zswap.pools.put(op.pool);',
        replace: 'zswap.pools.put(zswap.poolFor(op.memcg));',
      },
    ],
  },
  {
    name: 'store-charges-from-a-stale-count',
    summary: 'a store adds to the charge that its group had before it waited',
    scenario: 'store-other-slots',
    patches: [
      after(
        STORE,
        2,
        "op.stage = 'compressed';",
        'const payer = zswap.memcgs.living(memcg);',
        'op.charged = [payer.zswapCurrent, payer.zswappedPages];',
      ),
      before(STORE, 1, 'zswap.swap.setEntry(op.slot, index);', 'memcg.restore(...op.charged);'),
      before(
        'memcg/memcg.js',
        1,
        'charge(bytes) {',
        'restore(bytes, pages) {',
        '    this.#zswapBytes = bytes;',
        '    this.#zswapPages = pages;',
        '}',
      ),
    ],
  },
  {
    name: 'store-looks-at-the-limit-early',
    summary: 'a store goes by what the pool held before it waited for its slot',
    scenario: 'pool-limit',
    patches: [
      {
        file: STORE,
        find: lines(1, 'if (zswap.checkLimits())'),
        replace: lines(
          1,
          'const full = op.full ?? zswap.checkLimits();',
          'op.full = undefined;',
          'if (full)',
        ),
      },
      before(
        WRITE,
        1,
        'if (request.bioCount > 0 && !context.swap.cache.tryLock(slot, request)) {',
        'request.store.full = context.zswap.checkLimits();',
      ),
    ],
  },
  {
    name: 'store-asks-early-about-writeback',
    summary: 'a store goes by what the group allowed when it was admitted',
    scenario: 'writeback-switched-off',
    patches: [
      before(STORE, 1, 'op.pool.references += 1;', 'op.mayWriteBack = memcg.writebackEnabled();'),
      {
        file: STORE,
        find: 'if (raw && !memcg.writebackEnabled()) {',
        replace: 'if (raw && !op.mayWriteBack) {',
      },
    ],
  },
  {
    name: 'store-shares-the-staging-page',
    summary: 'a store goes on with the staging page of others after it has waited',
    scenario: 'store-other-slots',
    patches: [without(STORE, 1, 'op.keepPage();')],
  },
  {
    name: 'store-gives-its-lane-up-early',
    summary: 'a store gives its lane up while what it has compressed still lies in it',
    scenario: 'store-other-slots',
    patches: [
      after(STORE, 2, "op.stage = 'compressed';", 'op.pool?.lanes.put(op.lane);'),
      {
        file: STORE,
        find: lines(1, 'op.pool?.lanes.put(op.lane);', 'if (reason !== undefined)'),
        replace: lines(1, 'if (reason !== undefined)'),
      },
    ],
  },
  {
    name: 'compaction-moves-what-it-chose-before',
    summary: 'compaction chooses in one slice what it moves in the next',
    scenario: 'compaction-load',
    patches: [
      {
        file: COMPACT,
        find: 'export function emptyOneZspage(zspages, lists, cells, sizeClass) {',
        replace: 'export function emptyOneZspage(zspages, lists, cells, sizeClass, chosen) {',
      },
      {
        file: COMPACT,
        find: 'const source = lists.emptiest(index);',
        replace: 'const source = chosen ?? lists.emptiest(index);',
      },
      {
        file: ZSMALLOC,
        find: lines(3, 'while (budget > 0 && this.#compactable(sizeClass) > 0) {'),
        replace: lines(
          3,
          'if (this.chosen?.index === index) {',
          '    const { source } = this.chosen;',
          '    this.chosen = undefined;',
          '    const cells = this.#cells;',
          '    budget -= emptyOneZspage(this.#zspages, this.#lists, cells, sizeClass, source);',
          '    freed += sizeClass.pagesPerZspage;',
          '}',
          'while (budget > 0 && this.#compactable(sizeClass) > 0) {',
          '    // Only compaction in the background comes back for what it has chosen.',
          '    if (moveBudget === 256) {',
          '        this.chosen = { index, source: this.#lists.emptiest(index) };',
          '        return freed + 1;',
          '    }',
        ),
      },
    ],
  },
];
