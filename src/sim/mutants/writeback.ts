/** Mutants of writeback: what it picks, when it looks, and what it keeps for the device. */
import { after, before, lines, type Mutant } from './mutant.ts';

const WRITEBACK = 'zswap/writeback.js';
const INVALIDATE = 'zswap/invalidate.js';

/** The older way to give a batch's slots up: while the device writes. */
const UNLOCK_RUN = [
  'for (let i = 0; i < this.#bio.pageCount; i += 1)',
  '    this.#zswap.swap.cache.unlock(this.#slots[i], this);',
] as const;

const FREE_EARLY = [
  '#freeEarly(slot) {',
  '    const { entries, pools, memcgs, swap } = this.#zswap;',
  '    const index = swap.table.payload(slot);',
  '    const pool = pools.get(entries.pool(index));',
  '    const room = new Uint8Array(2 * PAGE_SIZE);',
  '    pool.zpool.read(index, entries.lengthOf(index), room, 0);',
  '    const bytes = room.slice(0, entries.lengthOf(index));',
  '    pool.references += 1;',
  '    const memcg = memcgs.get(entries.memcg(index));',
  '    swap.setZero(slot);',
  '    return { slot, pool, bytes, memcg };',
  '}',
  '#bringBack({ slot, pool, bytes, memcg }) {',
  '    const { entries, stats, swap, lru } = this.#zswap;',
  '    const index = entries.allocate();',
  '    pool.zpool.malloc(index, bytes.length, slot);',
  '    pool.zpool.write(index, bytes);',
  '    entries.fill(index, bytes.length, entryOwner(pool.id, memcg.id));',
  '    entries.setReferenced(index, false);',
  '    swap.setEntry(slot, index);',
  '    memcg.charge(bytes.length);',
  '    stats.stored_pages += 1;',
  '    if (bytes.length === PAGE_SIZE)',
  '        stats.stored_incompressible_pages += 1;',
  '    lru.add(memcg.id, index);',
  '}',
] as const;

export const WRITEBACK_MUTANTS: readonly Mutant[] = [
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
    name: 'writeback-compares-the-kind-only',
    summary: 'writeback looks whether its slot has an entry, not whether it is the one it picked',
    scenario: 'writeback-restore',
    patches: [
      {
        file: WRITEBACK,
        find: "return table.kind(slot) === 'entry' && table.payload(slot) === index;",
        replace: "return table.kind(slot) === 'entry' && index !== 0;",
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
      after(
        WRITEBACK,
        2,
        'const slot = this.#pickedSlot;',
        'this.#zswap.lru.rotate(this.memcg.id, this.#pickedIndex);',
      ),
    ],
  },
  {
    name: 'writeback-puts-back',
    summary:
      'writeback puts a candidate that it cannot have back on the list, whatever became of it',
    scenario: 'writeback-restore',
    patches: [
      {
        file: WRITEBACK,
        find: lines(2, 'stats.reject_reclaim_fail += 1;', 'swap.cache.unlock(slot, this);'),
        replace: lines(
          2,
          'stats.reject_reclaim_fail += 1;',
          'this.#zswap.lru.rotate(this.memcg.id, this.#pickedIndex);',
          'swap.cache.unlock(slot, this);',
        ),
      },
      after(
        WRITEBACK,
        3,
        'this.hitSwapCache = true;',
        'this.#zswap.lru.rotate(this.memcg.id, this.#pickedIndex);',
      ),
    ],
  },
  {
    name: 'writeback-remembers-the-next',
    summary: 'writeback goes on with the entry that was next before it let go of the list',
    scenario: 'writeback-empty-list',
    patches: [
      {
        file: WRITEBACK,
        find: 'const index = more ? lru.oldest(id) : 0;',
        replace: 'const index = more ? (this.next ?? lru.oldest(id)) : 0;',
      },
      before(WRITEBACK, 2, 'lru.rotate(id, index);', 'this.next = entries.next(index);'),
      before(WRITEBACK, 2, 'this.hitSwapCache = false;', 'this.next = undefined;'),
    ],
  },
  {
    name: 'writeback-trusts-the-length',
    summary: 'writeback goes by the length that the list had at its beginning',
    scenario: 'writeback-empty-list',
    patches: [{ file: WRITEBACK, find: 'if (index === 0) {', replace: 'if (!more) {' }],
  },
  {
    name: 'writeback-frees-early',
    summary:
      'writeback frees the entry before the device acknowledges, and brings it back on an error',
    scenario: 'writeback-read',
    patches: [
      {
        file: WRITEBACK,
        find: "import { decompress } from './load.js';\n",
        replace: lines(
          0,
          "import { entryOwner } from './entry.js';",
          "import { decompress } from './load.js';",
        ),
      },
      before(
        WRITEBACK,
        2,
        'backing.submit(this.#bio, true);',
        'this.saved = [];',
        'for (let i = 0; i < this.#bio.pageCount; i += 1)',
        '    this.saved.push(this.#freeEarly(this.#slots[i]));',
      ),
      before(WRITEBACK, 1, '#finishPage(place, devicePage) {', ...FREE_EARLY),
      before(
        WRITEBACK,
        3,
        'if (backing.refused(bio))',
        '// The reference that was kept meanwhile is the entry’s again.',
        'for (const each of this.saved)',
        '    this.#bringBack(each);',
      ),
      {
        file: WRITEBACK,
        find: lines(
          2,
          "assert(this.#isStill(slot, index), 'a slot under writeback has changed');",
          'const length = entries.lengthOf(index);',
        ),
        replace: lines(
          2,
          'const saved = this.saved[place];',
          'const length = saved.bytes.length;',
          'this.#zswap.pools.put(saved.pool);',
        ),
      },
      {
        file: WRITEBACK,
        find: 'const owner = this.#zswap.memcgs.get(entries.memcg(index));',
        replace: 'const owner = saved.memcg;',
      },
    ],
  },
  {
    name: 'writeback-gives-slots-up-early',
    summary: 'writeback gives its slots up while the device writes',
    scenario: 'writeback-overwrite',
    patches: [
      before(WRITEBACK, 2, 'backing.submit(this.#bio, true);', ...UNLOCK_RUN),
      {
        file: WRITEBACK,
        find: lines(2, 'swap.setDevice(slot, devicePage);', 'swap.cache.unlock(slot, this);'),
        replace: lines(2, 'swap.setDevice(slot, devicePage);'),
      },
      before(
        WRITEBACK,
        3,
        'if (backing.refused(bio))',
        'this.#zswap.stats.reject_reclaim_fail += bio.pageCount;',
        'this.#slots.copyWithin(0, bio.pageCount, this.#count);',
        'this.#count -= bio.pageCount;',
      ),
    ],
  },
  {
    name: 'writeback-waits-for-a-slot',
    summary: 'writeback waits for a busy slot, unless it is that of whoever wants the room',
    scenario: 'limit-own-entry',
    patches: [
      {
        file: WRITEBACK,
        find: lines(2, 'if (!swap.cache.tryLock(slot, this)) {'),
        replace: lines(
          2,
          '// Who has a run of reclaim make room may be who owns the slot.',
          'const { asker } = this.#zswap;',
          "const reclaims = asker !== undefined && 'freedFrames' in asker;",
          'const own = !this.queued &&',
          '    (reclaims ? !swap.cache.tryLock(slot, this) : swap.cache.isOwner(slot, asker));',
          'if (!own && !reclaims && !this.queued && !swap.cache.lock(slot, this)) {',
          '    this.queued = true;',
          '    return;',
          '}',
          'this.queued = false;',
          'if (own) {',
        ),
      },
      after(WRITEBACK, 5, 'this.#take();', 'if (this.queued)', '    return false;'),
      {
        file: 'zswap/shrink/shrink.js',
        find: lines(2, 'waiter.batchWritten = 0;'),
        replace: lines(
          2,
          'waiter.batchWritten = 0;',
          'if (!this.#groups.get(memcg)?.underWay)',
          '    this.#zswap.asker = task;',
        ),
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
        replace: lines(
          2,
          'stats.reject_reclaim_fail += 1;',
          'if (this.#isStill(slot, this.#pickedIndex))',
          '    swap.cache.unlock(slot, this);',
        ),
      },
    ],
  },
  {
    name: 'writeback-forgets-busy-slots',
    summary: 'writeback does not count a busy slot that it skips',
    scenario: 'writeback-busy-slot',
    patches: [
      {
        file: WRITEBACK,
        find: lines(3, 'stats.reject_reclaim_fail += 1;', 'this.hitSwapCache = true;'),
        replace: lines(3, 'this.hitSwapCache = true;'),
      },
    ],
  },
  {
    name: 'writeback-walks-on',
    summary: 'writeback goes on after a busy slot, into what is warm',
    scenario: 'writeback-busy-slot',
    patches: [
      {
        file: WRITEBACK,
        find: lines(3, 'this.hitSwapCache = true;', "this.#stage = 'submit';"),
        replace: lines(3, 'this.hitSwapCache = true;', "this.#stage = 'walk';"),
      },
    ],
  },
  {
    name: 'invalidate-leaves-it-to-writeback',
    summary: 'an entry that is dropped while writeback has picked it is freed by neither',
    scenario: 'two-writebacks',
    patches: [
      before(WRITEBACK, 2, "this.#stage = 'picked';", 'this.#zswap.picked = index;'),
      before(WRITEBACK, 2, 'const slot = this.#pickedSlot;', 'this.#zswap.picked = 0;'),
      before(
        INVALIDATE,
        2,
        'freeEntry(this.#zswap, slot, entryIndex);',
        'if (this.#zswap.picked === entryIndex)',
        '    return;',
      ),
    ],
  },
  {
    name: 'limit-shrinks-a-sibling',
    summary: 'the group that is shrunk is kept in one place for all batches',
    scenario: 'sibling-isolation',
    patches: [
      {
        file: WRITEBACK,
        find: 'return present(this.#memcg);',
        replace: 'return present(this.#zswap.target);',
      },
      { file: WRITEBACK, find: 'this.#memcg = memcg;', replace: 'this.#zswap.target = memcg;' },
    ],
  },
  {
    name: 'worker-loses-a-request',
    summary: 'the shrink worker decides to end, and ends at its next step whatever was asked since',
    scenario: 'shrink-worker-again',
    patches: [
      {
        file: 'zswap/shrink/shrink-worker.js',
        find: lines(4, 'this.#running = this.#batches.some((batch) => batch.underWay);', 'return;'),
        replace: lines(
          4,
          'if (!this.#batches.some((batch) => batch.underWay)) {',
          '    this.ending = true;',
          '    this.#askForTurn();',
          '}',
          'return;',
        ),
      },
      {
        file: 'zswap/shrink/shrink-worker.js',
        find: lines(1, 'resume() {') + lines(2, 'this.#due = false;'),
        replace:
          lines(1, 'resume() {') +
          lines(
            2,
            'this.#due = false;',
            'if (this.ending) {',
            '    this.ending = false;',
            '    this.#running = false;',
            '    return;',
            '}',
          ),
      },
    ],
  },
];
