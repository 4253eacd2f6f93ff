/** Mutants of the disk front end: what a request owns while it waits, and what it reads before. */
import { after, before, lines, type Mutant } from './mutant.ts';

const FLUSH = 'blk/flush.js';
const READ = 'blk/read.js';
const WRITE = 'blk/write.js';

export const DISK_MUTANTS: readonly Mutant[] = [
  {
    name: 'spill-gives-slots-up-early',
    summary: 'a write gives its slots up while the device writes their pages',
    scenario: 'spill-read',
    patches: [
      {
        file: FLUSH,
        find: lines(
          2,
          'context.swap.setDevice(request.bioSlot(i), bio.devicePage + i);',
          'cache.unlock(request.bioSlot(i), request);',
        ),
        replace: lines(2, 'context.swap.setDevice(request.bioSlot(i), bio.devicePage + i);'),
      },
      {
        file: FLUSH,
        find: lines(1, 'for (let i = from; i < request.bioCount; i += 1)'),
        replace: lines(
          1,
          'for (let i = from; i < request.bioCount; i += 1)',
          '    if (cache.isOwner(request.bioSlot(i), request))',
        ),
      },
      after(
        FLUSH,
        1,
        'backing.submit(bio, true);',
        '// A run that is written again, at another place, has given them up already.',
        'for (let i = 0; i < bio.pageCount; i += 1)',
        '    if (context.swap.cache.isOwner(request.bioSlot(i), request))',
        '        context.swap.cache.unlock(request.bioSlot(i), request);',
      ),
    ],
  },
  {
    name: 'device-errors-share-a-place',
    summary: 'what a write of the device has ended with is kept in one place for all',
    scenario: 'device-full-below',
    patches: [
      {
        file: 'zswap/writeback.js',
        find: 'this.#bio.onDone = () => this.#zswap.rt.wake(this);',
        replace:
          'this.#bio.onDone = ({ error }) => ' +
          '((this.#zswap.swap.backing.error = error), this.#zswap.rt.wake(this));',
      },
      {
        file: 'zswap/writeback.js',
        find: 'if (bio.error !== OK) {',
        replace: 'if (backing.error !== OK) {',
      },
      {
        file: FLUSH,
        find: 'bio.onDone = request.bioDone;',
        replace: 'bio.onDone = () => ((backing.error = bio.error), request.bioDone(bio));',
      },
      { file: FLUSH, find: 'if (bio.error !== OK) {', replace: 'if (backing.error !== OK) {' },
    ],
  },
  {
    name: 'write-waits-while-owning',
    summary: 'a write that keeps slots for the device waits for another one',
    scenario: 'spill-runs',
    patches: [
      {
        file: WRITE,
        find: 'if (request.bioCount > 0 && !context.swap.cache.tryLock(slot, request)) {',
        replace: 'if (slot < 0) {',
      },
      {
        file: WRITE,
        find: 'if (request.bioCount === 0 && !context.swap.cache.lock(slot, request))',
        replace: 'if (!context.swap.cache.lock(slot, request))',
      },
    ],
  },
  {
    name: 'partial-write-reads-early',
    summary: 'a write of a part brings its page in before it owns the slot',
    scenario: 'partial-writes',
    patches: [
      before(
        WRITE,
        1,
        'if (request.bioCount > 0 && !context.swap.cache.tryLock(slot, request)) {',
        "request.early = request.take < PAGE_SIZE && context.swap.table.kind(slot) === 'entry' &&",
        "    loadPage(context.zswap, slot, 'retain', request.page, 0) === 'loaded';",
      ),
      {
        file: WRITE,
        find: "if (loadPage(context.zswap, slot, 'retain', request.page, 0) !== 'loaded') {",
        replace:
          'if (!request.early && ' +
          "loadPage(context.zswap, slot, 'retain', request.page, 0) !== 'loaded') {",
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
    name: 'read-drops-a-shared-entry',
    summary: 'a read of a slot that writeback owns takes the entry with it',
    scenario: 'writeback-read',
    patches: [
      {
        file: READ,
        find: lines(1, 'if (readEntry(context, request))', '    request.advance(request.take);'),
        replace: lines(
          1,
          'if (readEntry(context, request)) {',
          '    context.swap.free(slotOf(context, request));',
          '    request.advance(request.take);',
          '}',
        ),
      },
    ],
  },
];
