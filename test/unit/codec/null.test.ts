import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { CODEC_WINDOW_BYTES, INCOMPRESSIBLE } from '../../../src/codec/codec.ts';
import { createNull } from '../../../src/codec/null.ts';
import { InvariantError } from '../../../src/std/assert.ts';
import { PAGE_SIZE } from '../../../src/std/units.ts';
import { assertSurvivesMalformed } from './codec-behaviour.ts';
import { pagesFrom } from '../../support/pages.ts';

describe('null', () => {
  it('finds every page incompressible, a zero page too', () => {
    const lane = createNull().createLane();
    for (const page of pagesFrom(1, 2)) assert.equal(lane.compress(page), INCOMPRESSIBLE);
  });

  it('refuses every stream and leaves the target', () => {
    assert.equal(assertSurvivesMalformed(createNull(), [], 1, 100), 100);
  });

  it('has a window of the size every lane has, and a name without level', () => {
    const codec = createNull();
    assert.equal(codec.createLane().window.bytes.length, CODEC_WINDOW_BYTES);
    assert.deepEqual([codec.name, codec.spec], ['null', 'null']);
  });

  it('asserts on a page or a stream of a wrong size', () => {
    const lane = createNull().createLane();
    assert.throws(() => lane.compress(new Uint8Array(1)), InvariantError);
    assert.throws(() => lane.decompress(PAGE_SIZE, new Uint8Array(PAGE_SIZE), 0), InvariantError);
  });
});
