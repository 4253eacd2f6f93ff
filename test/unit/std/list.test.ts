import { describe, it } from 'node:test';
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { LinkedList, type Links } from '../../../src/std/list.ts';
import { ArrayLinks } from '../../support/array-links.ts';

const ITEMS = 12;

/** The items from the head on, having checked the links backwards too. */
function itemsOf(list: LinkedList, links: Links): number[] {
  const items: number[] = [];
  let previous = 0;
  for (let index = list.head; index !== 0; index = links.next(index)) {
    assert.equal(links.previous(index), previous);
    items.push(index);
    previous = index;
    assert.ok(items.length <= ITEMS, 'the list is a ring');
  }
  return items;
}

describe('LinkedList', () => {
  it('behaves as two arrays do under any order of operations', () => {
    const command = fc.tuple(
      fc.constantFrom('push', 'remove', 'rotate', 'splice'),
      fc.integer({ min: 1, max: ITEMS }),
      fc.boolean(),
    );
    fc.assert(
      fc.property(fc.array(command, { maxLength: 60, size: 'max' }), (commands) => {
        const links = new ArrayLinks(ITEMS);
        const lists = [new LinkedList(links), new LinkedList(links)] as const;
        const models: [number[], number[]] = [[], []];
        for (const [verb, item, second] of commands) {
          const list = second ? lists[1] : lists[0];
          const model = second ? models[1] : models[0];
          if (verb === 'splice') {
            list.spliceFront(second ? lists[0] : lists[1]);
            model.unshift(...(second ? models[0] : models[1]).splice(0));
          } else if (verb === 'push') {
            if (models[0].includes(item) || models[1].includes(item)) continue;
            list.pushTail(item);
            model.push(item);
          } else if (model.includes(item)) {
            model.splice(model.indexOf(item), 1);
            if (verb === 'rotate') model.push(item);
            if (verb === 'rotate') list.rotate(item);
            else list.remove(item);
          }
          for (const i of [0, 1] as const) {
            assert.deepEqual(itemsOf(lists[i], links), models[i]);
            assert.equal(lists[i].length, models[i].length);
          }
        }
      }),
    );
  });

  it('takes no item 0 and removes nothing from an empty list', () => {
    const list = new LinkedList(new ArrayLinks(ITEMS));
    assert.throws(() => list.pushTail(0), { name: 'InvariantError' });
    assert.throws(() => list.remove(1), { name: 'InvariantError' });
  });

  it('refuses to remove an item that is on no list', () => {
    const list = new LinkedList(new ArrayLinks(ITEMS));
    list.pushTail(1);
    assert.throws(() => list.remove(2), { name: 'InvariantError' });
  });

  it('splices only lists over the same links', () => {
    const list = new LinkedList(new ArrayLinks(ITEMS));
    assert.throws(() => list.spliceFront(new LinkedList(new ArrayLinks(ITEMS))), {
      name: 'InvariantError',
    });
  });
});
