/** Method: random moves against two arrays a group. */
import { describe, it } from 'node:test';
import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { MemcgId } from '../../../../src/memcg/memcg.ts';
import { inactiveRatio, Lruvecs } from '../../../../src/mm/reclaim/lruvec.ts';
import { present } from '../../../../src/std/assert.ts';
import type { Links } from '../../../../src/std/list.ts';
import { ArrayLinks } from '../../../support/array-links.ts';

const FOLIOS = 24;

const groupOf = (number: number): MemcgId => number as MemcgId;
const pagesOf = (pfn: number): number => 1 << (pfn % 5);

interface Lists {
  active: number[];
  inactive: number[];
}

function sum(pfns: number[]): number {
  return pfns.reduce((total, pfn) => total + pagesOf(pfn), 0);
}

function listOf(links: Links, head: number): number[] {
  const pfns = [];
  for (let pfn = head; pfn !== 0; pfn = links.next(pfn)) pfns.push(pfn);
  return pfns;
}

function takeOut(pfns: number[], pfn: number): boolean {
  const at = pfns.indexOf(pfn);
  if (at >= 0) pfns.splice(at, 1);
  return at >= 0;
}

/** Does a step with a folio to lists and model; the same choice may mean different moves. */
function apply(lruvecs: Lruvecs, model: Lists[], pfn: number, group: number, choice: number): void {
  const pages = pagesOf(pfn);
  const at = model.findIndex((one) => one.active.includes(pfn) || one.inactive.includes(pfn));
  if (at < 0) {
    lruvecs.add(groupOf(group), pfn, pages, choice % 2 === 0);
    present(model[group])[choice % 2 === 0 ? 'active' : 'inactive'].push(pfn);
    return;
  }
  const lists = present(model[at]);
  const active = takeOut(lists.active, pfn);
  if (!active) takeOut(lists.inactive, pfn);
  if (choice === 0) lruvecs.remove(groupOf(at), pfn, pages, active);
  else if (choice === 1) {
    lruvecs.rotate(groupOf(at), pfn, active);
    (active ? lists.active : lists.inactive).push(pfn);
  } else if (active) {
    lruvecs.deactivate(groupOf(at), pfn, pages);
    lists.inactive.push(pfn);
  } else {
    lruvecs.activate(groupOf(at), pfn, pages);
    lists.active.push(pfn);
  }
}

describe('Lruvecs', () => {
  it('keep each group in the order of last use, and count pages', () => {
    const step = fc.tuple(fc.integer({ min: 1, max: FOLIOS }), fc.nat(2), fc.nat(4));
    fc.assert(
      fc.property(fc.array(step, { maxLength: 80, size: 'max' }), (steps) => {
        const links = new ArrayLinks(FOLIOS);
        const lruvecs = new Lruvecs(links);
        const model = [0, 1, 2].map((): Lists => ({ active: [], inactive: [] }));
        for (const [pfn, group, choice] of steps) {
          if (choice === 4 && group !== 0) {
            const [parent, child] = [present(model[0]), present(model[group])];
            lruvecs.reparent(groupOf(group), groupOf(0));
            parent.active.unshift(...child.active.splice(0));
            parent.inactive.unshift(...child.inactive.splice(0));
          } else apply(lruvecs, model, pfn, group, choice);
          for (const [index, { active, inactive }] of model.entries()) {
            const one = groupOf(index);
            assert.deepEqual(listOf(links, lruvecs.oldestActive(one)), active);
            assert.deepEqual(listOf(links, lruvecs.oldestInactive(one)), inactive);
            assert.equal(lruvecs.activePages(one), sum(active));
            assert.equal(lruvecs.inactivePages(one), sum(inactive));
          }
        }
      }),
      { numRuns: 100 },
    );
  });

  it('ask for as many inactive pages as active ones in a small memory', () => {
    const lruvecs = new Lruvecs(new ArrayLinks(FOLIOS));
    const group = groupOf(3);
    assert.equal(lruvecs.inactiveIsLow(group), false);
    lruvecs.add(group, 1, 8, true);
    assert.equal(lruvecs.inactiveIsLow(group), true);
    lruvecs.add(group, 2, 7, false);
    assert.equal(lruvecs.inactiveIsLow(group), true);
    lruvecs.add(group, 3, 1, false);
    assert.equal(lruvecs.inactiveIsLow(group), false);
  });

  it('ask for a smaller part in a large one', () => {
    const gib = 2 ** 18;
    const ratios = [1, gib - 1, gib, 3 * gib, 10 * gib, 100 * gib, 1000 * gib].map(inactiveRatio);
    assert.deepEqual(ratios, [1, 1, 3, 5, 10, 31, 100]);
    const lruvecs = new Lruvecs(new ArrayLinks(FOLIOS));
    const group = groupOf(0);
    lruvecs.add(group, 1, 3 * gib, true);
    lruvecs.add(group, 2, gib / 2, false);
    assert.equal(lruvecs.inactiveIsLow(group), true, 'half a GiB is less than a fifth of three');
    lruvecs.add(group, 3, gib / 10 + 1, false);
    assert.equal(lruvecs.inactiveIsLow(group), false);
  });
});
