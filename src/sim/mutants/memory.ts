/** Mutants of the address-space front end: faults, swap-in and swap-out. */
import { lines, without, type Mutant } from './mutant.ts';

const SWAP_IN = 'mm/swap/swap-in.js';
const SWAP_OUT = 'mm/swap/swap-out.js';
const SWAP_OUT_END = 'mm/swap/swap-out-end.js';
const FAULT = 'mm/fault.js';
const NEW_PAGE = 'mm/new-page.js';
const AREAS = 'mm/swap/swap-areas.js';

export const MEMORY_MUTANTS: readonly Mutant[] = [
  {
    name: 'direct-load-takes-the-entry',
    summary: 'a fault that skips the swap cache takes the entry although it may not map the page',
    scenario: 'direct-fault-copy',
    patches: [
      {
        file: SWAP_IN,
        find: 'const keep = this.#direct || this.#order > 0;',
        replace: 'const keep = this.#order > 0;',
      },
    ],
  },
  {
    name: 'swap-in-without-second-look',
    summary: 'a fault does not look again where its page is once it owns the slot',
    scenario: 'cached-fault-writeback',
    patches: [
      {
        file: SWAP_IN,
        find: 'if (!this.#run.isUncached(this.#mm)) {',
        replace: 'if (this.#run === undefined) {',
      },
    ],
  },
  {
    name: 'install-without-second-look',
    summary: 'a fault maps what it has read without looking whether it is still wanted',
    scenario: 'fault-discard',
    patches: [
      {
        file: SWAP_IN,
        find: lines(2, 'const all = this.#run.isNamed(0, pages);'),
        replace: lines(2, 'const all = this.#run.isNamed(0, pages) || this.#order === 0;'),
      },
    ],
  },
  {
    name: 'large-load-looks-early',
    summary: 'a large fault decides where its pages are before it owns their slots',
    scenario: 'large-fault-writeback',
    patches: [
      {
        file: FAULT,
        find: 'this.#claim = new FrameClaim(mm, owner);',
        replace: 'this.#claim = new FrameClaim(mm, owner);\n        this.owner = owner;',
      },
      {
        file: FAULT,
        find: 'this.#order = swapInOrder(this.#mm, region, this.#index, slot, this.#largest);',
        replace:
          'this.#order = swapInOrder(this.#mm, region, this.#index, slot, this.#largest);\n' +
          '            this.#swapIn.seen = Array.from({ length: 2 ** this.#order }, (_, i) => ' +
          'this.#mm.swap.table.kind(slot - (this.#index % 2 ** this.#order) + i));\n' +
          '            if (this.#order > 0) {\n' +
          '                this.#mm.rt.yieldTask(this.owner);\n' +
          "                return this.#stage = 'frames', 'waiting';\n" +
          '            }',
      },
      {
        file: SWAP_IN,
        find: "if (kind === 'entry') {",
        replace:
          "if (this.#order > 0 && this.seen[this.#next] !== kind && kind !== 'free') {\n" +
          '                frames.zero(frame);\n' +
          '            }\n' +
          "            else if (kind === 'entry') {",
      },
      {
        file: SWAP_IN,
        find: "if (kind === 'device')",
        replace: "if (kind === 'device' && (this.#order === 0 || this.seen[this.#next] === kind))",
      },
    ],
  },
  {
    name: 'swap-out-forgets-new-writes',
    summary: 'swap-out takes a folio for clean that was written to while it was on its way',
    scenario: 'fault-pageout',
    patches: [
      {
        file: SWAP_OUT_END,
        find: lines(2, 'if (folios.dirty(pfn))', '    dropSwap(this.#mm, pfn);'),
        replace: lines(2, 'folios.setDirty(pfn, false);'),
      },
    ],
  },
  {
    name: 'swap-out-cleans-late',
    summary: 'swap-out marks a folio clean when it is stored instead of before',
    scenario: 'fault-pageout',
    patches: [
      without(SWAP_OUT, 2, 'folios.setDirty(pfn, false);'),
      {
        file: SWAP_OUT_END,
        find: lines(2, 'this.#release(pfn, pages);'),
        replace: lines(2, 'folios.setDirty(pfn, false);', 'this.#release(pfn, pages);'),
      },
    ],
  },
  {
    name: 'reaper-forgets-the-folio',
    summary: 'a slot that waits to be freed is freed although a folio came in for it meanwhile',
    scenario: 'large-fault-discard',
    patches: [
      {
        file: AREAS,
        find: 'const isCached = this.#folios.get(slot) !== 0;',
        replace: 'const isCached = this.#folios.get(slot) !== 0 && slots === undefined;',
      },
    ],
  },
  {
    name: 'slot-freed-under-its-owner',
    summary: 'a slot is free for others although somebody still owns it',
    scenario: 'fault-discard',
    patches: [
      {
        file: AREAS,
        find: lines(2, 'else', '    this.#dying.add(slot);'),
        replace: lines(
          2,
          'else {',
          '    this.#dying.add(slot);',
          '    this.#at(slot).release(slot);',
          '}',
        ),
      },
    ],
  },
  {
    name: 'copy-trusts-its-first-look',
    summary: 'a shared page is copied from where it was when the fault began',
    scenario: 'copy-on-write',
    patches: [
      {
        file: NEW_PAGE,
        find: 'const old = ptePfn(pte);',
        replace: 'const old = this.#source;',
      },
      {
        file: NEW_PAGE,
        find: 'if (!isShared) {',
        replace: 'if (region === undefined) {',
      },
    ],
  },
];
