/**
 * Mutants: the protocol with one rule taken out, by name. Each is a patch of compiled modules that
 * `scripts/build-mutants.mjs` applies to a copy of them beside the clean ones; what users run is
 * not touched. The explorer must find each: its silence about the clean modules means something
 * only as long as it does.
 */

/** One replacement; `find` must occur exactly once. */
export interface Patch {
  /** Compiled module, relative to the folder of the compiled sources. */
  readonly file: string;
  readonly find: string;
  readonly replace: string;
}

export interface Mutant {
  readonly name: string;
  /** The rule that is taken out, as a sentence about what the mutant does. */
  readonly summary: string;
  /** The scenario that finds it. */
  readonly scenario: string;
  readonly patches: readonly Patch[];
}

const WRITEBACK = 'zswap/writeback.js';
const STORE = 'zswap/store.js';
const FLUSH = 'blk/flush.js';
const READ = 'blk/read.js';
const INFO = 'swap/info.js';

/** Lines of compiled code, by their depth of indentation. */
function lines(depth: number, ...texts: readonly string[]): string {
  return texts.map((text) => `${'    '.repeat(depth)}${text}\n`).join('');
}

const COMMIT_SPILL = [
  'backing.acknowledge(bio, i);',
  'context.swap.setDevice(request.bioSlot(i), bio.devicePage + i);',
] as const;

export const MUTANTS: readonly Mutant[] = [
  {
    name: 'writeback-without-second-look',
    summary: 'writeback does not look its candidate up again once it owns the slot',
    scenario: 'writeback-restore',
    patches: [
      {
        file: WRITEBACK,
        find: "return table.kind(slot) === 'entry' && table.payload(slot) === index;",
        replace: 'return table !== undefined && index !== 0;',
      },
    ],
  },
  {
    name: 'writeback-rotates-late',
    summary: 'writeback rotates a candidate after it has let go of the list instead of before',
    scenario: 'two-writebacks',
    patches: [
      {
        file: WRITEBACK,
        find: lines(2, 'lru.rotate(id, index);', 'if (entries.referenced(index)) {'),
        replace: lines(2, 'if (entries.referenced(index)) {', '    lru.rotate(id, index);'),
      },
      {
        file: WRITEBACK,
        find: lines(2, 'const slot = this.#pickedSlot;'),
        replace: lines(
          2,
          'const slot = this.#pickedSlot;',
          'this.#zswap.lru.rotate(this.memcg.id, this.#pickedIndex);',
        ),
      },
    ],
  },
  {
    name: 'writeback-frees-early',
    summary: 'writeback frees the entry before the device has acknowledged its page',
    scenario: 'writeback-read',
    patches: [
      {
        file: WRITEBACK,
        find: lines(2, 'backing.submit(this.#bio, true);'),
        replace: lines(
          2,
          'backing.submit(this.#bio, true);',
          'for (let i = 0; i < this.#bio.pageCount; i += 1)',
          '    this.#zswap.swap.free(this.#slots[i]);',
        ),
      },
      {
        file: WRITEBACK,
        find: lines(2, "assert(this.#isStill(slot, index), 'a slot under writeback has changed');"),
        replace: '',
      },
    ],
  },
  {
    name: 'writeback-waits-for-a-slot',
    summary: 'writeback waits for a busy slot instead of skipping it',
    scenario: 'limit-own-entry',
    patches: [
      {
        file: WRITEBACK,
        find: lines(2, 'if (!swap.cache.tryLock(slot, this)) {'),
        replace: lines(
          2,
          'if (!this.queued && !swap.cache.lock(slot, this)) {',
          '    this.queued = true;',
          '    return;',
          '}',
          'this.queued = false;',
          'if (!swap.cache.isOwner(slot, this)) {',
        ),
      },
      {
        file: WRITEBACK,
        find: lines(5, 'this.#take();'),
        replace: lines(5, 'this.#take();', 'if (this.queued)', '    return false;'),
      },
    ],
  },
  {
    name: 'writeback-keeps-the-slot',
    summary: 'writeback does not give a slot up whose entry has changed',
    scenario: 'writeback-restore',
    patches: [
      {
        file: WRITEBACK,
        find: lines(2, 'stats.reject_reclaim_fail += 1;', 'swap.cache.unlock(slot, this);'),
        replace: lines(2, 'stats.reject_reclaim_fail += 1;'),
      },
    ],
  },
  {
    name: 'zero-rewrite-keeps-entry',
    summary: 'a zero-filled rewrite leaves the older entry alive',
    scenario: 'writeback-zero-rewrite',
    patches: [
      {
        file: INFO,
        find: lines(1, 'setZero(slot) {', '    this.#release(slot);'),
        replace: lines(1, 'setZero(slot) {'),
      },
    ],
  },
  {
    name: 'store-keeps-older-entry',
    summary: 'a store does not release the entry that it replaces',
    scenario: 'store-store',
    patches: [
      {
        file: INFO,
        find: lines(1, 'setEntry(slot, entryIndex) {', '    this.#release(slot);'),
        replace: lines(1, 'setEntry(slot, entryIndex) {'),
      },
    ],
  },
  {
    name: 'device-write-keeps-entry',
    summary: 'a page that goes past zswap to the device leaves the older entry alive',
    scenario: 'disabled-store',
    patches: [
      {
        file: INFO,
        find: lines(1, 'setDevice(slot, devicePage) {', '    this.#release(slot);'),
        replace: lines(1, 'setDevice(slot, devicePage) {'),
      },
    ],
  },
  {
    name: 'decompress-with-current-pool',
    summary: 'an entry is decompressed with the current compressor instead of its own pool’s',
    scenario: 'pool-switch-writeback',
    patches: [
      {
        file: 'zswap/load.js',
        find: 'const pool = zswap.pools.get(zswap.entries.pool(index));',
        replace: 'const pool = zswap.pools.current;',
      },
    ],
  },
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
      {
        file: STORE,
        find: lines(1, 'if (op.pool !== undefined)', '    zswap.pools.put(op.pool);'),
        replace: '',
      },
    ],
  },
  {
    name: 'store-charges-on-failure',
    summary: 'a store charges its group before it knows that the allocator has memory',
    scenario: 'allocation-failure',
    patches: [
      {
        file: STORE,
        find: lines(1, 'memcg.charge(length);', 'zswap.stats.stored_pages += 1;'),
        replace: lines(1, 'zswap.stats.stored_pages += 1;'),
      },
      {
        file: STORE,
        find: lines(1, 'const status = pool.zpool.malloc(index, length);'),
        replace: lines(
          1,
          'memcg.charge(length);',
          'const status = pool.zpool.malloc(index, length);',
        ),
      },
    ],
  },
  {
    name: 'store-lists-before-commit',
    summary: 'a store adds its entry to the list before its slot names it',
    scenario: 'writeback-overwrite',
    patches: [
      {
        file: STORE,
        find: lines(1, 'zswap.swap.setEntry(op.slot, index);'),
        replace: lines(1, 'op.index = index;'),
      },
      {
        file: STORE,
        find: lines(1, 'const reason = commit(zswap, op, zswap.memcgs.living(memcg), op.lane);'),
        replace: lines(
          1,
          'const reason = op.listed ? undefined : commit(zswap, op, memcg, op.lane);',
          'if (reason === undefined && !op.listed) {',
          '    op.listed = true;',
          '    if (zswap.rt.point("mutant.store.listed", task))',
          '        return wait(op);',
          '}',
          'op.listed = false;',
          'if (reason === undefined)',
          '    zswap.swap.setEntry(op.slot, op.index);',
        ),
      },
    ],
  },
  {
    name: 'store-shares-the-staging-page',
    summary: 'a store goes on with the staging page of others after it has waited',
    scenario: 'store-other-slots',
    patches: [
      {
        file: STORE,
        find: lines(1, 'op.keepPage();', "return 'waiting';"),
        replace: lines(1, "return 'waiting';"),
      },
    ],
  },
  {
    name: 'spill-before-acknowledgement',
    summary: 'a slot changes over to the device before that has acknowledged the write',
    scenario: 'spill-read',
    patches: [
      {
        file: FLUSH,
        find: lines(
          1,
          'for (let i = 0; i < written; i += 1) {',
          ...COMMIT_SPILL.map((line) => `    ${line}`),
          '    cache.unlock(request.bioSlot(i), request);',
          '}',
        ),
        replace: '',
      },
      {
        file: FLUSH,
        find: lines(1, 'backing.submit(bio, true);'),
        replace: lines(
          1,
          'backing.submit(bio, true);',
          'for (let i = 0; i < bio.pageCount; i += 1) {',
          ...COMMIT_SPILL.map((line) => `    ${line}`),
          '    context.swap.cache.unlock(request.bioSlot(i), request);',
          '}',
        ),
      },
    ],
  },
  {
    name: 'spill-drops-older-version',
    summary:
      'a page that zswap refuses drops its older version before the device has the newer one',
    scenario: 'refused-store',
    patches: [
      {
        file: 'blk/write.js',
        find: lines(1, 'collect(request, request.bio);'),
        replace: lines(
          1,
          'context.swap.free(request.store.slot);',
          'collect(request, request.bio);',
        ),
      },
    ],
  },
  {
    name: 'read-gives-slots-up-early',
    summary: 'a read gives its slots up while the device reads, so that their pages may be freed',
    scenario: 'spill-read',
    patches: [
      {
        file: READ,
        find: lines(1, "request.stage = 'reading';", 'backing.submit(bio, false);'),
        replace: lines(
          1,
          "request.stage = 'reading';",
          'backing.submit(bio, false);',
          'for (let i = 0; i < request.bioCount; i += 1)',
          '    cache.unlock(request.bioSlot(i), request);',
        ),
      },
      {
        file: READ,
        find: lines(
          1,
          '    cache.unlock(request.bioSlot(i), request);',
          '}',
          'request.bio = undefined;',
        ),
        replace: lines(1, '}', 'request.bio = undefined;'),
      },
    ],
  },
  {
    name: 'unlock-loses-a-wake',
    summary: 'a slot is handed over to a waiter that is not woken',
    scenario: 'store-store',
    patches: [
      {
        file: 'swap/cache.js',
        find: lines(2, 'this.#rt.wake(next);'),
        replace: '',
      },
    ],
  },
  {
    name: 'limit-shrinks-a-sibling',
    summary: 'a group at its limit makes room in the youngest group instead of in itself',
    scenario: 'sibling-isolation',
    patches: [
      {
        file: 'zswap/shrink/shrink.js',
        find: 'record.begin(this.#memcg, this.#scan, this.#pages)',
        replace: 'record.begin([...this.#zswap.memcgs.groups()].at(-1), this.#scan, this.#pages)',
      },
    ],
  },
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
    summary: 'a store charges the group that it began with although that has gone meanwhile',
    scenario: 'group-offline-store',
    patches: [
      {
        file: STORE,
        find: 'commit(zswap, op, zswap.memcgs.living(memcg), op.lane)',
        replace: 'commit(zswap, op, memcg, op.lane)',
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
    name: 'shrinker-knows-the-dead',
    summary: 'a group that has gone is taken up again by who was shrinking it',
    scenario: 'dynamic-shrinker-removal',
    patches: [
      {
        file: 'zswap/shrink/shrink.js',
        find: 'if (!mayShrink(this.#zswap, memcg))',
        replace: 'if (!mayShrink(this.#zswap, memcg) && this.#group(memcg) !== undefined)',
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
];
