/** Mutants of slots: who owns one, and that its older entry goes with a change of its backing. */
import { lines, without, type Mutant, type Patch } from './mutant.ts';

const CACHE = 'swap/cache.js';
const INFO = 'swap/info.js';
const WRITE = 'blk/write.js';
const DISCARD = 'blk/discard.js';

/**
 * Whether a slot has an older entry to drop is looked up when the slot is asked for, before the
 * wait, instead of when it is owned; one change of backing goes by that.
 *
 * @param verb - the head of the method that goes by it
 */
function looksEarly(verb: string): readonly Patch[] {
  return [
    {
      file: INFO,
      find: lines(1, `${verb} {`, '    this.#release(slot);'),
      replace: lines(1, `${verb} {`, '    this.#releaseNoted(slot);'),
    },
    {
      file: INFO,
      find: lines(1, '#release(slot) {'),
      replace: lines(
        1,
        'noted = new Map();',
        'note(slot, task) {',
        '    const notes = this.noted.get(slot) ?? new Map();',
        '    this.noted.set(slot, notes.set(task, this.table.kind(slot)));',
        '}',
        '#takeNote(slot) {',
        '    const notes = this.noted.get(slot) ?? new Map();',
        '    for (const [task, kind] of notes) {',
        '        if (!this.cache.isOwner(slot, task))',
        '            continue;',
        '        notes.delete(task);',
        '        return kind;',
        '    }',
        "    return 'entry';",
        '}',
        '#releaseNoted(slot) {',
        "    const hadEntry = this.#takeNote(slot) === 'entry';",
        "    if (hadEntry || this.table.kind(slot) !== 'entry')",
        '        this.#release(slot);',
        '}',
        '#release(slot) {',
      ),
    },
    {
      file: WRITE,
      find: lines(1, 'if (request.bioCount > 0 && !context.swap.cache.tryLock(slot, request)) {'),
      replace: lines(
        1,
        'context.swap.note(slot, request);',
        'if (request.bioCount > 0 && !context.swap.cache.tryLock(slot, request)) {',
      ),
    },
    {
      file: DISCARD,
      find: lines(4, "request.stage = 'locked';"),
      replace: lines(
        4,
        "request.stage = 'locked';",
        'context.swap.note(slotOf(context, request), request);',
      ),
    },
  ];
}

export const SLOT_MUTANTS: readonly Mutant[] = [
  {
    name: 'zero-rewrite-keeps-entry',
    summary: 'a zero-filled rewrite drops the older entry only if there was one before it waited',
    scenario: 'older-entry-zero',
    patches: looksEarly('setZero(slot)'),
  },
  {
    name: 'trim-keeps-entry',
    summary: 'a trim drops the older entry only if there was one before it waited',
    scenario: 'older-entry-zero',
    patches: looksEarly('free(slot)'),
  },
  {
    name: 'store-keeps-older-entry',
    summary: 'a store drops the older entry only if there was one before it waited',
    scenario: 'older-entry-store',
    patches: looksEarly('setEntry(slot, entryIndex)'),
  },
  {
    name: 'device-write-keeps-entry',
    summary:
      'a page that goes past zswap drops the older entry only if there was one before it waited',
    scenario: 'older-entry-store',
    patches: looksEarly('setDevice(slot, devicePage)'),
  },
  {
    name: 'unlock-loses-a-wake',
    summary: 'a slot is handed over to a waiter that is not woken',
    scenario: 'store-store',
    patches: [without(CACHE, 2, 'this.#rt.wake(next);')],
  },
  {
    name: 'unlock-leaves-the-slot-shared',
    summary: 'a slot that writeback let others read stays so for its next owner',
    scenario: 'writeback-read',
    patches: [without(CACHE, 2, 'folio.shared = false;')],
  },
  {
    name: 'lock-takes-a-shared-slot',
    summary: 'a slot that writeback lets others read is given to whoever asks for it',
    scenario: 'writeback-take-over',
    patches: [
      {
        file: CACHE,
        find: lines(2, 'task.nextWaiter = undefined;'),
        replace: lines(
          2,
          'if (folio.shared) {',
          '    folio.shared = false;',
          '    folio.owner = task;',
          '    return true;',
          '}',
          'task.nextWaiter = undefined;',
        ),
      },
    ],
  },
];
