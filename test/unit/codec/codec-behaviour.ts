/** Checks that hold for every codec, as functions that throw. The tests say with which pages. */
import assert from 'node:assert/strict';
import { INCOMPRESSIBLE } from '../../../src/codec/codec.ts';
import type { Codec, CodecLane } from '../../../src/codec/codec.ts';
import { PAGE_SIZE } from '../../../src/std/units.ts';
import { Random } from '../../support/pages.ts';

/** What is around a page in a target, to see a write that goes astray. */
const GUARD = 64;
const GUARD_BYTE = 0xa5;

/** Compresses to an array of its own; undefined for an incompressible page. */
export function compressed(lane: CodecLane, page: Uint8Array): Uint8Array | undefined {
  const length = lane.compress(page);
  return length === INCOMPRESSIBLE ? undefined : lane.window.of(length).slice();
}

/** Decompresses into a fresh page; undefined for a malformed stream. */
export function decompressed(lane: CodecLane, stream: Uint8Array): Uint8Array | undefined {
  lane.window.bytes.set(stream);
  const page = new Uint8Array(PAGE_SIZE);
  return lane.decompress(stream.length, page, 0) ? page : undefined;
}

/** Every page comes back through another lane; gives the bytes stored, 4096 for a page kept raw. */
export function assertRoundTrips(codec: Codec, pages: readonly Uint8Array[]): number {
  const [into, outOf] = [codec.createLane(), codec.createLane()];
  let stored = 0;
  for (const [index, page] of pages.entries()) {
    const before = page.slice();
    const stream = compressed(into, page);
    assert.deepEqual(page, before, `page ${index} was changed`);
    stored += stream?.length ?? PAGE_SIZE;
    if (stream === undefined) continue;
    assert.ok(stream.length >= 1 && stream.length < PAGE_SIZE);
    assert.deepEqual(decompressed(outOf, stream), page, `page ${index} did not come back`);
  }
  return stored;
}

/**
 * Feeds the decompressor streams that are cut, changed in a few bytes, extended or random. It may
 * accept one (a codec has no checksum) but must not throw, write beside the page, or touch the
 * target of a refused stream; afterwards the lane still works. Gives how many were refused.
 */
export function assertSurvivesMalformed(
  codec: Codec,
  pages: readonly Uint8Array[],
  seed: number,
  tries: number,
): number {
  const source = new Random(seed);
  const random = (): number => source.u32();
  const lane = codec.createLane();
  const streams = pages.flatMap((page) => compressed(lane, page) ?? []);
  const target = new Uint8Array(GUARD + PAGE_SIZE + GUARD);
  const untouched = target.fill(GUARD_BYTE).slice();
  let refused = 0;
  for (let attempt = 0; attempt < tries; attempt++) {
    const stream = streams[random() % Math.max(1, streams.length)] ?? new Uint8Array(0);
    const broken = damage(stream, attempt % 4, random);
    lane.window.bytes.set(broken);
    const accepted = lane.decompress(broken.length, target, GUARD);
    if (!accepted) refused++;
    else target.fill(GUARD_BYTE, GUARD, GUARD + PAGE_SIZE);
    assert.equal(Buffer.compare(target, untouched), 0, `attempt ${attempt} wrote astray`);
  }
  for (const [index, stream] of streams.entries()) {
    assert.notEqual(decompressed(lane, stream), undefined, `stream ${index} afterwards`);
  }
  return refused;
}

function damage(stream: Uint8Array, how: number, random: () => number): Uint8Array {
  const limit = PAGE_SIZE - 1;
  if (how === 0 && stream.length > 1) return stream.slice(0, 1 + (random() % (stream.length - 1)));
  if (how === 1 && stream.length > 0) {
    const changed = stream.slice();
    for (let changes = 1 + (random() % 4); changes > 0; changes--) {
      changed[random() % changed.length] = random();
    }
    return changed;
  }
  const tail = Uint8Array.from({ length: 1 + (random() % 600) }, () => random());
  if (how === 2) return Uint8Array.from([...stream, ...tail]).slice(0, limit);
  return tail;
}
