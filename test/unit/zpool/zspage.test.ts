import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { present } from '../../../src/std/assert.ts';
import { PAGE_SIZE } from '../../../src/std/units.ts';
import { patternBytes } from '../../../src/testing/zpool-contract.ts';
import { Arena } from '../../../src/zpool/arena.ts';
import { type SizeClass, SizeClasses } from '../../../src/zpool/size-class.ts';
import {
  locationObject,
  locationZspage,
  objectLocation,
  Zspages,
} from '../../../src/zpool/zspage.ts';
import { FRAME } from '../../../src/zpool/zspage-table.ts';

interface Fixture {
  arena: Arena;
  zspages: Zspages;
  sizeClass: SizeClass;
}

function fixture(payload: number, pageLimit = 100): Fixture {
  // Chunks of three frames, so that a zspage lies in several.
  const arena = new Arena({ chunkBytes: 4 * PAGE_SIZE, pageLimit });
  const classes = new SizeClasses();
  return { arena, zspages: new Zspages(arena, classes), sizeClass: classes.of(payload) };
}

function framesOf({ arena, zspages }: Fixture, zspage: number): number[] {
  const frames = [];
  let frame = zspages.table.number(zspage, FRAME);
  while (frame !== 0) {
    frames.push(frame);
    frame = arena.memory.next(frame);
  }
  return frames;
}

describe('Zspages', () => {
  it('chains the pages of the class', () => {
    const state = fixture(1400);
    const zspage = state.zspages.create(state.sizeClass);
    assert.equal(framesOf(state, zspage).length, 8);
    assert.equal(state.zspages.pages, 8);
    state.zspages.destroy(zspage);
    assert.equal(state.zspages.pages, 0);
  });

  it('gives the frames back when not all are to be had', () => {
    const { arena, zspages, sizeClass } = fixture(1400, 7);
    assert.equal(zspages.create(sizeClass), 0);
    assert.equal(zspages.pages, 0);
    assert.equal(arena.pagesUsed, 0);
  });

  it('hands out the objects in order, then the last freed first', () => {
    const { zspages, sizeClass } = fixture(1400);
    const zspage = zspages.create(sizeClass);
    for (let object = 0; object < 23; object++) {
      assert.equal(zspages.takeObject(zspage, sizeClass, object + 100, 0), object);
    }
    assert.throws(() => zspages.takeObject(zspage, sizeClass, 1, 0), { name: 'InvariantError' });
    assert.equal(zspages.putObject(zspage, sizeClass, 4, 104), 22);
    assert.equal(zspages.putObject(zspage, sizeClass, 9, 109), 21);
    assert.equal(zspages.takeObject(zspage, sizeClass, 1, 0), 9);
    assert.equal(zspages.takeObject(zspage, sizeClass, 2, 0), 4);
  });

  it('tells the handle of an object, and that it is free', () => {
    const { zspages, sizeClass } = fixture(1400);
    const zspage = zspages.create(sizeClass);
    zspages.takeObject(zspage, sizeClass, 2 ** 28, 0);
    assert.equal(zspages.handleOf(zspage, sizeClass, 0), 2 ** 28);
    assert.equal(zspages.handleOf(zspage, sizeClass, 1), 0);
    zspages.putObject(zspage, sizeClass, 0, 2 ** 28);
    assert.equal(zspages.handleOf(zspage, sizeClass, 0), 0);
  });

  it('writes the headers as the kernel does', () => {
    const { arena, zspages, sizeClass } = fixture(1000);
    const zspage = zspages.create(sizeClass);
    const frame = zspages.table.number(zspage, FRAME);
    zspages.takeObject(zspage, sizeClass, 21, 0);
    const headers = [0, 1024, 2048].map((offset) => arena.memory.word(frame, offset));
    assert.deepEqual(headers, [(21 << 1) | 1, 2 << 1, 3 << 1]);
  });

  it('keeps the tag of an object beside its handle and apart from its bytes', () => {
    for (const payload of [24, 1416, 4096]) {
      const { zspages, sizeClass } = fixture(payload);
      const zspage = zspages.create(sizeClass);
      const tagOf = (object: number): number => 2 ** 32 - 1 - object;
      for (let object = 0; object < sizeClass.objectsPerZspage; object++) {
        assert.equal(zspages.takeObject(zspage, sizeClass, object + 1, tagOf(object)), object);
        zspages.write(zspage, object, patternBytes(payload, object));
      }
      assert.equal(zspages.inUse(zspage, sizeClass), sizeClass.objectsPerZspage);
      const target = new Uint8Array(2 * PAGE_SIZE);
      for (let object = 0; object < sizeClass.objectsPerZspage; object++) {
        assert.equal(zspages.tagOf(zspage, sizeClass, object), tagOf(object));
        zspages.read(zspage, object, payload, target, 0);
        assert.deepEqual(target.slice(0, payload), patternBytes(payload, object));
      }
    }
  });

  it('counts the objects of a class that has as many as a byte has values', () => {
    const { zspages, sizeClass } = fixture(40);
    assert.equal(sizeClass.objectsPerZspage, 256);
    const zspage = zspages.create(sizeClass);
    for (let object = 0; object < 256; object++) {
      assert.equal(zspages.takeObject(zspage, sizeClass, object + 1, 0), object);
      assert.equal(zspages.inUse(zspage, sizeClass), object + 1);
    }
    assert.throws(() => zspages.takeObject(zspage, sizeClass, 300, 0), { name: 'InvariantError' });
    const full = fixture(40);
    const other = full.zspages.create(full.sizeClass);
    for (let object = 0; object < 256; object++) {
      full.zspages.takeObject(other, full.sizeClass, object + 1, 0);
    }
    for (let object = 255; object >= 0; object--) {
      assert.equal(full.zspages.putObject(other, full.sizeClass, object, object + 1), object);
    }
  });

  it('notices a double free and a wrong handle', () => {
    for (const payload of [1000, 4000]) {
      const { zspages, sizeClass } = fixture(payload);
      const zspage = zspages.create(sizeClass);
      zspages.takeObject(zspage, sizeClass, 21, 0);
      const put = (handle: number): number => zspages.putObject(zspage, sizeClass, 0, handle);
      assert.throws(() => put(22), { name: 'InvariantError' });
      const again = fixture(payload);
      const other = again.zspages.create(sizeClass);
      again.zspages.takeObject(other, sizeClass, 21, 0);
      again.zspages.putObject(other, sizeClass, 0, 21);
      assert.throws(() => again.zspages.putObject(other, sizeClass, 0, 21), {
        name: 'InvariantError',
      });
    }
  });

  it('keeps straddling objects whole beside their neighbours', () => {
    const { zspages, sizeClass } = fixture(1416);
    const zspage = zspages.create(sizeClass);
    const straddling = [];
    for (let object = 0; object < 23; object++) {
      zspages.takeObject(zspage, sizeClass, object + 1, 0);
      zspages.write(zspage, object, patternBytes(1416, object));
      const from = object * 1424;
      if (from >> 12 !== (from + 1423) >> 12) straddling.push(object);
    }
    assert.equal(straddling.length, 7);
    const target = new Uint8Array(PAGE_SIZE + 64);
    for (let object = 0; object < 23; object++) {
      zspages.read(zspage, object, 1416, target, 0);
      assert.deepEqual(target.slice(0, 1416), patternBytes(1416, object));
      assert.equal(zspages.handleOf(zspage, sizeClass, object), object + 1);
    }
  });

  it('uses all of the page for a huge object', () => {
    const { arena, zspages, sizeClass } = fixture(4096);
    const zspage = zspages.create(sizeClass);
    assert.equal(zspages.takeObject(zspage, sizeClass, 33, 0), 0);
    zspages.write(zspage, 0, patternBytes(4096, 5));
    const target = new Uint8Array(4096);
    arena.memory.read(zspages.table.number(zspage, FRAME), 0, 4096, target, 0);
    assert.deepEqual(target, patternBytes(4096, 5));
    assert.equal(zspages.putObject(zspage, sizeClass, 0, 33), 0);
    zspages.destroy(zspage);
    assert.equal(arena.pagesUsed, 0);
  });

  it('copies the whole payload of an object', () => {
    const { zspages, sizeClass } = fixture(1400);
    const from = zspages.create(sizeClass);
    const to = zspages.create(sizeClass);
    const bytes = patternBytes(sizeClass.payloadMax, 8);
    for (let object = 0; object < 3; object++) zspages.takeObject(from, sizeClass, object + 1, 0);
    zspages.takeObject(to, sizeClass, 9, 0);
    zspages.write(from, 2, bytes);
    zspages.copyObject(sizeClass, to, 0, from, 2);
    const target = new Uint8Array(PAGE_SIZE + 64);
    zspages.read(to, 0, sizeClass.payloadMax, target, 0);
    assert.deepEqual(target.slice(0, sizeClass.payloadMax), bytes);
  });

  it('follows a frame that was moved, at any place of the chain', () => {
    const state = fixture(1400);
    const { arena, zspages, sizeClass } = state;
    const zspage = zspages.create(sizeClass);
    const before = framesOf(state, zspage);
    for (const place of [0, 3, 7]) {
      const from = present(before[place]);
      const to = arena.alloc(1, zspage);
      assert.equal(arena.memory.heldUnder(from), zspage);
      arena.memory.copyFrame(to, from);
      zspages.frameMoved(zspage, from, to);
      assert.equal(arena.memory.heldUnder(to), zspage);
      before[place] = to;
    }
    assert.deepEqual(framesOf(state, zspage), before);
  });
});

describe('objectLocation', () => {
  it('holds the largest zspage and object in 32 bits', () => {
    const location = objectLocation(2 ** 24 - 1, 255);
    assert.equal(location, 2 ** 32 - 1);
    assert.equal(locationZspage(location), 2 ** 24 - 1);
    assert.equal(locationObject(location), 255);
  });
});
