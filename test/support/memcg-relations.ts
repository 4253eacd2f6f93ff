/**
 * What is expected of the figures that `memcg-steps` gives, of a kernel's and of the engine's: what
 * holds for each by itself, and how alike the two must be.
 */
import { strict as assert } from 'node:assert';
import { present } from '../../src/std/assert.ts';
import { PAGE_SIZE } from '../../src/std/units.ts';
import type { Figures } from './memcg-steps.ts';

/** Bytes of the limits in the script, and pages that a group puts out there. */
const SMALL_MAX = 131_072;
const PAGES = 512;
/**
 * Pages that a group may be over its limit. A store that comes in below it, by any number of bytes,
 * adds one; and one that finds it reached goes on when something was written back, however little.
 */
const PAGES_OVER_MAX = 2;
/** Two compressors of one format find different matches. */
const SIZE_TOLERANCE = 0.05;
/**
 * At its limit, a kernel before the batches of 2026 looks at one entry a store and refuses the page
 * if that one gets a second chance; the engine, like newer kernels, looks at 64. So these differ in
 * how much is written back and how much refused, and agree in the relations only.
 */
const POLICY_SCENARIOS: ReadonlySet<string> = new Set(['max-small', 'parent-limit', 'max-lowered']);
/** Those in which the sizes of the compressed pages decide how many of them fit. */
const SIZE_LIMITED_SCENARIOS: ReadonlySet<string> = new Set([
  'max-small-no-writeback',
  'parent-no-writeback',
]);

class Shown {
  readonly #figures: readonly Figures[];

  constructor(figures: readonly Figures[]) {
    this.#figures = figures;
  }

  of(scenario: string, at: string, group = 'a'): Figures {
    const found = this.#figures.find(
      (each) => each.scenario === scenario && each.at === at && each.group === group,
    );
    assert.ok(found !== undefined, `nothing shown of ${group} in ${scenario} at ${at}`);
    return found;
  }
}

/** A figure may differ as far as the sizes of compressed pages do: bytes, and pages at a limit. */
const SIZED: readonly (keyof Figures)[] = ['current', 'zswapped', 'zswpin', 'zswpout'];

/** Fails unless a kernel's figures and the engine's are alike. */
export function assertAlike(kernel: readonly Figures[], engine: readonly Figures[]): void {
  assert.equal(engine.length, kernel.length);
  for (const [index, theirs] of kernel.entries()) {
    const ours = present(engine[index]);
    if (POLICY_SCENARIOS.has(theirs.scenario)) continue;
    const shown = `${JSON.stringify(ours)} against ${JSON.stringify(theirs)}`;
    const sized = SIZE_LIMITED_SCENARIOS.has(theirs.scenario) ? SIZED : SIZED.slice(0, 1);
    for (const name of Object.keys(theirs) as (keyof Figures)[]) {
      if (sized.includes(name)) {
        const [our, their] = [Number(ours[name]), Number(theirs[name])];
        assert.ok(Math.abs(our - their) <= SIZE_TOLERANCE * their, `${name}: ${shown}`);
      } else assert.equal(ours[name], theirs[name], `${name}: ${shown}`);
    }
  }
}

/** Every relation by its sentence; each throws if it does not hold. */
export const RELATIONS: Readonly<Record<string, (figures: readonly Figures[]) => void>> = {
  'zswapped is what went in and has neither come back nor been written back': (figures) => {
    for (const each of figures) {
      if (each.at === 'gone') continue;
      const pages = each.zswpout - each.zswpin - each.zswpwb;
      assert.equal(each.zswapped, pages * PAGE_SIZE, JSON.stringify(each));
    }
  },
  'current is 0 when the pages have come back, when swap is off, and when the program has ended': (
    figures,
  ) => {
    const ends = figures.filter(({ at }) => ['read', 'off', 'gone'].includes(at));
    assert.ok(ends.length > 4);
    for (const each of ends) assert.deepEqual([each.current, each.zswapped], [0, 0]);
  },
  'with memory.zswap.max 0 nothing is stored and all goes to the device': (figures) => {
    const { zswpout, current, pswpout } = new Shown(figures).of('max-0', 'refused');
    assert.deepEqual({ zswpout, current, pswpout }, { zswpout: 0, current: 0, pswpout: PAGES });
  },
  'a group stays at its limit, and what it does not keep is on the device': (figures) => {
    const group = new Shown(figures).of('max-small', 'limited');
    const shown = JSON.stringify(group);
    assert.ok(group.current <= SMALL_MAX + PAGES_OVER_MAX * PAGE_SIZE, shown);
    assert.ok(group.zswpwb > 0, shown);
    const refused = group.pswpout - group.zswpwb;
    assert.equal(group.zswpout + refused, PAGES, shown);
  },
  'a group at its limit costs its sibling nothing': (figures) => {
    const sibling = new Shown(figures).of('max-small', 'limited', 'sibling');
    assert.deepEqual([sibling.zswapped, sibling.zswpwb], [PAGES * PAGE_SIZE, 0]);
  },
  'without writeback a full group keeps what it has, and nothing goes to the device': (figures) => {
    const shown = new Shown(figures);
    const groups = [
      shown.of('max-small-no-writeback', 'limited'),
      shown.of('parent-no-writeback', 'limited', 'c'),
    ];
    for (const { zswpwb, pswpout, current } of groups) {
      assert.deepEqual([zswpwb, pswpout], [0, 0]);
      assert.ok(current >= SMALL_MAX && current < SMALL_MAX + PAGE_SIZE);
    }
  },
  "a parent's limit holds for its children together": (figures) => {
    const shown = new Shown(figures);
    const one = shown.of('parent-limit', 'one', 'p');
    assert.equal(one.current, shown.of('parent-limit', 'one', 'c').current);
    const both = shown.of('parent-limit', 'both', 'p');
    const sum = ['c', 'd'].map((name) => shown.of('parent-limit', 'both', name).current);
    assert.equal(
      both.current,
      sum.reduce((a, b) => a + b),
    );
    for (const { current, zswpwb } of [one, both]) {
      assert.ok(current <= SMALL_MAX + PAGES_OVER_MAX * PAGE_SIZE);
      assert.ok(zswpwb > 0);
    }
  },
  "the second child's pages do not push out the first's": (figures) => {
    const shown = new Shown(figures);
    const before = shown.of('parent-limit', 'one', 'c');
    const after = shown.of('parent-limit', 'both', 'c');
    assert.deepEqual([after.zswapped, after.zswpwb], [before.zswapped, before.zswpwb]);
  },
  'lowering a limit writes nothing back by itself, and stores do': (figures) => {
    const shown = new Shown(figures);
    const lowered = shown.of('max-lowered', 'lowered');
    assert.deepEqual([lowered.zswapped, lowered.zswpwb], [256 * PAGE_SIZE, 0]);
    const settled = shown.of('max-lowered', 'settled');
    assert.ok(settled.zswpwb > 0 && settled.current <= lowered.current);
  },
  "a removed group's pages are its parent's until they are read": (figures) => {
    const shown = new Shown(figures);
    const before = shown.of('group-removed', 'before', 'p');
    const removed = shown.of('group-removed', 'removed', 'p');
    assert.equal(before.zswapped, PAGES * PAGE_SIZE);
    assert.deepEqual(
      [removed.current, removed.zswapped, removed.zswpout],
      [before.current, before.zswapped, before.zswpout],
    );
  },
};
