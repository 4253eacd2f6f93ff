import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { MemcgId } from '../../../src/memcg/memcg.ts';
import { FolioTable } from '../../../src/page/folio.ts';
import type { Pfn } from '../../../src/page/frames.ts';
import { LinkedList } from '../../../src/std/list.ts';
import type { SwapSlot } from '../../../src/swap/table.ts';

const BROKEN = { name: 'InvariantError' };
const ROOT = 0 as MemcgId;
const CHUNK_RECORDS = 4096;

function pfnOf(value: number): Pfn {
  return value as Pfn;
}

/** Every flag, by its getter and setter. */
const FLAGS = [
  ['uptodate', 'setUptodate'],
  ['dirty', 'setDirty'],
  ['writeback', 'setWriteback'],
  ['referenced', 'setReferenced'],
  ['active', 'setActive'],
  ['workingset', 'setWorkingset'],
  ['readahead', 'setReadahead'],
  ['accessed', 'setAccessed'],
  ['lru', 'setLru'],
] as const;

describe('FolioTable', () => {
  it('begins a folio without flags, pins, mappings and slots', () => {
    const folios = new FolioTable();
    const pfn = pfnOf(512);
    for (let time = 0; time < 2; time += 1) {
      folios.begin(pfn, 2, 5 as MemcgId, 7, 100);
      for (const [get] of FLAGS) assert.equal(folios[get](pfn), false, get);
      assert.equal(folios.pins(pfn), 0);
      assert.equal(folios.mapcount(pfn), 0);
      assert.equal(folios.slot(pfn), -1);
      // Leave everything behind that a folio may end with.
      for (const [, set] of FLAGS) folios[set](pfn, true);
      folios.setWriteback(pfn, false);
      folios.setLru(pfn, false);
      folios.setSlot(pfn, 9 as SwapSlot);
      folios.end(pfn);
    }
  });

  it('knows head, order, group, region and index of every frame of a folio', () => {
    const folios = new FolioTable();
    for (let order = 0; order <= 9; order += 1) {
      const head = 1024 << order;
      folios.begin(pfnOf(head), order, 16_383 as MemcgId, 0x7fff_ffff, 2 ** 32 - (1 << order));
      for (const page of [0, (1 << order) >> 1, (1 << order) - 1]) {
        const pfn = pfnOf(head + page);
        assert.equal(folios.head(pfn), head);
        assert.equal(folios.order(pfn), order);
        assert.equal(folios.pages(pfn), 1 << order);
        assert.equal(folios.memcg(pfn), 16_383);
        assert.equal(folios.region(pfn), 0x7fff_ffff);
        assert.equal(folios.index(pfn), 2 ** 32 - (1 << order) + page);
      }
    }
  });

  it('keeps each flag apart from the others, the order and the group', () => {
    const folios = new FolioTable();
    const pfn = pfnOf(512);
    folios.begin(pfn, 9, 16_383 as MemcgId, 1, 0);
    for (const [get, set] of FLAGS) {
      folios[set](pfn, true);
      for (const [other] of FLAGS) assert.equal(folios[other](pfn), other === get, other);
      assert.equal(folios[get](pfnOf(pfn + 511)), true, 'asked for by the last frame');
      assert.equal(folios.order(pfn), 9);
      assert.equal(folios.memcg(pfn), 16_383);
      folios[set](pfn, false);
      assert.equal(folios[get](pfn), false);
    }
  });

  it('counts pins and mappings of the whole folio, through any frame of it', () => {
    const folios = new FolioTable();
    const pfn = pfnOf(1024);
    const tail = pfnOf(1027);
    folios.begin(pfn, 2, ROOT, 1, 0);
    folios.pin(tail);
    folios.pin(pfn);
    folios.addMap(pfn);
    folios.addMap(tail);
    folios.addMap(tail);
    assert.equal(folios.pins(pfn), 2);
    assert.equal(folios.mapcount(pfn), 3);
    assert.equal(folios.unpin(pfn), 1);
    assert.equal(folios.dropMap(tail), 2);
    assert.equal(folios.pins(tail), 1);
    assert.equal(folios.mapcount(tail), 2);
  });

  it('has a slot for each frame, up to the highest slot', () => {
    const folios = new FolioTable();
    folios.begin(pfnOf(512), 1, ROOT, 1, 0);
    folios.setSlot(pfnOf(512), (2 ** 32 - 513) as SwapSlot);
    assert.equal(folios.slot(pfnOf(512)), 2 ** 32 - 513);
    assert.equal(folios.slot(pfnOf(513)), -1);
    folios.setSlot(pfnOf(513), 0 as SwapSlot);
    assert.equal(folios.slot(pfnOf(513)), 0);
    folios.setSlot(pfnOf(513), -1);
    assert.equal(folios.slot(pfnOf(513)), -1);
  });

  it('splits a folio into pages with the same flags, group, region and their own slots', () => {
    const folios = new FolioTable();
    folios.begin(pfnOf(512), 3, 5 as MemcgId, 7, 80);
    folios.setDirty(pfnOf(512), true);
    folios.setUptodate(pfnOf(512), true);
    folios.addMap(pfnOf(515));
    for (let page = 0; page < 8; page += 1) {
      folios.setSlot(pfnOf(512 + page), (1000 + page) as SwapSlot);
    }
    folios.split(pfnOf(512));
    for (let page = 0; page < 8; page += 1) {
      const pfn = pfnOf(512 + page);
      assert.equal(folios.head(pfn), pfn);
      assert.equal(folios.order(pfn), 0);
      assert.equal(folios.mapcount(pfn), 0);
      assert.equal(folios.dirty(pfn), true);
      assert.equal(folios.uptodate(pfn), true);
      assert.equal(folios.active(pfn), false);
      assert.equal(folios.slot(pfn), 1000 + page);
      assert.equal(folios.memcg(pfn), 5);
      assert.equal(folios.region(pfn), 7);
      assert.equal(folios.index(pfn), 80 + page);
    }
    folios.setDirty(pfnOf(513), false);
    assert.equal(folios.dirty(pfnOf(512)), true);
    for (let page = 0; page < 8; page += 1) folios.end(pfnOf(512 + page));
    assert.equal(folios.isFolio(pfnOf(512)), false);
  });

  it('links folios into lists', () => {
    const folios = new FolioTable();
    const list = new LinkedList(folios);
    for (const pfn of [512, 514, 9000]) {
      folios.begin(pfnOf(pfn), 1, ROOT, 1, 0);
      list.pushTail(pfn);
    }
    list.rotate(512);
    assert.equal(list.head, 514);
    assert.equal(folios.next(514), 9000);
    assert.equal(folios.previous(512), 9000);
    list.remove(9000);
    assert.equal(folios.next(514), 512);
    assert.equal(list.length, 2);
  });
});

describe('FolioTable refuses', () => {
  function tableWithFolio(): FolioTable {
    const folios = new FolioTable();
    folios.begin(pfnOf(512), 2, ROOT, 1, 0);
    return folios;
  }

  it('to end or split a folio that is in use, or a part of one', () => {
    const pfn = pfnOf(512);
    const uses: ((folios: FolioTable) => void)[] = [
      (folios) => folios.pin(pfn),
      (folios) => folios.setWriteback(pfn, true),
      (folios) => folios.setLru(pfn, true),
    ];
    for (const use of uses) {
      const folios = tableWithFolio();
      use(folios);
      assert.throws(() => folios.end(pfn), BROKEN);
      assert.throws(() => folios.split(pfn), BROKEN);
    }
    const folios = tableWithFolio();
    folios.addMap(pfn);
    assert.throws(() => folios.end(pfn), BROKEN);
    folios.dropMap(pfn);
    assert.throws(() => folios.end(pfnOf(513)), BROKEN);
    assert.throws(() => folios.split(pfnOf(513)), BROKEN);
    folios.end(pfn);
    assert.throws(() => folios.end(pfn), BROKEN);
    assert.throws(() => folios.split(pfn), BROKEN);
  });

  it('to count below nothing', () => {
    const folios = tableWithFolio();
    assert.throws(() => folios.unpin(pfnOf(512)), BROKEN);
    assert.throws(() => folios.dropMap(pfnOf(512)), BROKEN);
  });

  it('to look at or change a frame that is in no folio', () => {
    const folios = tableWithFolio();
    for (const pfn of [pfnOf(0), pfnOf(600), pfnOf(100_000)]) {
      assert.throws(() => folios.order(pfn), BROKEN);
      assert.throws(() => folios.dirty(pfn), BROKEN);
      assert.throws(() => folios.setDirty(pfn, true), BROKEN);
      assert.throws(() => folios.pin(pfn), BROKEN);
      assert.throws(() => folios.mapcount(pfn), BROKEN);
      assert.throws(() => folios.slot(pfn), BROKEN);
      assert.throws(() => folios.setSlot(pfn, -1), BROKEN);
      assert.throws(() => folios.memcg(pfn), BROKEN);
      assert.throws(() => folios.region(pfn), BROKEN);
      assert.throws(() => folios.index(pfn), BROKEN);
      assert.throws(() => folios.setNext(pfn, 0), BROKEN);
    }
  });

  it('to link anything but a head', () => {
    const folios = tableWithFolio();
    assert.throws(() => new LinkedList(folios).pushTail(513), BROKEN);
  });
});

interface ModelFolio {
  order: number;
  readonly memcg: number;
  readonly index: number;
  readonly flags: Set<number>;
  pins: number;
}

const step = fc.record({
  verb: fc.constantFrom('begin', 'begin', 'end', 'split', 'flag', 'pin', 'unpin'),
  block: fc.nat({ max: 63 }),
  order: fc.nat({ max: 4 }),
  value: fc.nat({ max: 16_383 }),
});
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

/** Runs a step on the table and on a map of heads; steps that make no sense are left out. */
function run(folios: FolioTable, model: Map<number, ModelFolio>, { verb, ...step }: Step): void {
  // Across the border of two chunks of records.
  const pfn = pfnOf(CHUNK_RECORDS - 32 + step.block);
  const folio = model.get(pfn);
  if (verb === 'begin') {
    const pages = 1 << step.order;
    const isFree = Array.from({ length: pages }, (_, i) => pfnOf(pfn + i)).every(
      (frame) => !folios.isFolio(frame),
    );
    if (pfn % pages !== 0 || !isFree) return;
    const { order, value } = step;
    folios.begin(pfn, order, value as MemcgId, value, value);
    model.set(pfn, { order, memcg: value, index: value, flags: new Set(), pins: 0 });
  } else if (folio === undefined) return;
  else if (verb === 'end' && folio.pins === 0) {
    folios.end(pfn);
    model.delete(pfn);
  } else if (verb === 'split' && folio.pins === 0) {
    folios.split(pfn);
    for (let page = 0; page < 1 << folio.order; page += 1) {
      const index = folio.index + page;
      const flags = new Set(folio.flags);
      model.set(pfn + page, { order: 0, memcg: folio.memcg, index, flags, pins: 0 });
    }
  } else if (verb === 'flag') toggle(folios, pfn, folio.flags, step.value);
  else if (verb === 'pin') {
    folios.pin(pfnOf(pfn + (step.value % (1 << folio.order))));
    folio.pins += 1;
  } else if (verb === 'unpin' && folio.pins > 0) {
    folio.pins -= 1;
    assert.equal(folios.unpin(pfn), folio.pins);
  }
}

function toggle(folios: FolioTable, pfn: Pfn, flags: Set<number>, value: number): void {
  const number = value % FLAGS.length;
  const [get, set] = FLAGS[number] ?? FLAGS[0];
  // With these a folio can neither end nor be split.
  if (get === 'writeback' || get === 'lru') return;
  folios[set](pfn, !flags.has(number));
  if (!flags.delete(number)) flags.add(number);
}

describe('FolioTable, beside a model', () => {
  it('keeps what is said of a folio with that folio', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200, size: 'max' }), (steps) => {
        const folios = new FolioTable();
        const model = new Map<number, ModelFolio>();
        for (const one of steps) run(folios, model, one);
        for (const [head, folio] of model) {
          for (let page = 0; page < 1 << folio.order; page += 1) {
            const pfn = pfnOf(head + page);
            assert.equal(folios.head(pfn), head);
            assert.equal(folios.order(pfn), folio.order);
            assert.equal(folios.memcg(pfn), folio.memcg);
            assert.equal(folios.index(pfn), folio.index + page);
            assert.equal(folios.pins(pfn), folio.pins);
            FLAGS.forEach(([get], i) => assert.equal(folios[get](pfn), folio.flags.has(i), get));
          }
        }
      }),
    );
  });
});
