// Goal: whatever the alignment, however the stream is cut, whenever the disk waits, a client reads
// what it wrote. Method: random requests against a flat array; requests that are in flight together
// do not overlap, so the outcome is one; the seed is printed by fast-check.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { RamDisk } from '../../../../src/testing/ram-disk.ts';
import { Harness } from '../../../support/nbd-harness.ts';
import { concat } from '../../../support/nbd-messages.ts';
import type { RequestFields } from '../../../support/nbd-messages.ts';

const PAGE = 4096;
const SIZE = 48 * PAGE;
const [READ, WRITE, FLUSH, TRIM, ZEROES, STATUS] = [0, 1, 3, 4, 6, 7] as const;

interface Step {
  readonly type: number;
  readonly offset: number;
  readonly length: number;
  readonly seed: number;
}

const position = fc.oneof(
  fc.nat(SIZE - 1),
  fc.nat(SIZE / PAGE - 1).map((page) => page * PAGE),
);
const extent = fc.oneof(
  fc.integer({ min: 1, max: 3 * PAGE }),
  fc.integer({ min: 1, max: 20 }).map((pages) => pages * PAGE),
);
const step: fc.Arbitrary<Step> = fc
  .record({
    type: fc.constantFrom(READ, READ, WRITE, WRITE, WRITE, FLUSH, TRIM, ZEROES, STATUS),
    offset: position,
    length: extent,
    seed: fc.nat(255),
  })
  .map((made) => ({ ...made, length: Math.min(made.length, SIZE - made.offset) }));

const content = ({ length, seed }: Step): Uint8Array =>
  Uint8Array.from({ length }, (_, index) => (index * 13 + seed) & 0xff);

function overlaps(one: Step, two: Step): boolean {
  // Whole pages, since a trim or a status looks at those.
  const [a, b] = [Math.floor(one.offset / PAGE), Math.floor(two.offset / PAGE)];
  const [c, d] = [one, two].map((s) => Math.floor((s.offset + s.length - 1) / PAGE));
  return a <= (d ?? 0) && b <= (c ?? 0);
}

/** Groups steps so that none changes what another of its group touches. */
function groups(steps: readonly Step[]): Step[][] {
  const made: Step[][] = [];
  for (const next of steps) {
    const last = made.at(-1);
    const clashes = last?.some(
      (other) => (other.type !== READ || next.type !== READ) && overlaps(other, next),
    );
    if (last === undefined || clashes === true) made.push([next]);
    else last.push(next);
  }
  return made;
}

function applyTo(model: Uint8Array, made: Step): void {
  const end = made.offset + made.length;
  if (made.type === WRITE) model.set(content(made), made.offset);
  if (made.type === ZEROES) model.fill(0, made.offset, end);
  if (made.type !== TRIM) return;
  const first = Math.ceil(made.offset / PAGE) * PAGE;
  const last = Math.floor(end / PAGE) * PAGE;
  if (first < last) model.fill(0, first, last);
}

function toRequest(made: Step, cookie: number): RequestFields {
  if (made.type === WRITE) return { type: WRITE, cookie, offset: made.offset, data: content(made) };
  if (made.type === FLUSH) return { type: FLUSH, cookie };
  return { type: made.type, cookie, offset: made.offset, length: made.length };
}

/** Nothing in a group overlaps its reads, so they see the model after the whole group as before. */
function checkGroup(harness: Harness, group: readonly Step[], model: Uint8Array): void {
  for (const made of group) applyTo(model, made);
  const replies = harness.takeReplies();
  assert.equal(replies.length, group.length);
  for (const reply of replies) {
    const made = group[reply.cookie];
    assert.ok(made !== undefined);
    assert.equal(reply.error, 0);
    if (made.type === READ) {
      assert.deepEqual(reply.data, model.subarray(made.offset, made.offset + made.length));
    }
    if (made.type === STATUS) {
      const total = reply.extents.reduce((sum, one) => sum + one.bytes, 0);
      assert.equal(total, made.length);
    }
  }
}

describe('transmission', () => {
  it('reads what was written', () => {
    fc.assert(
      fc.property(
        fc.array(step, { minLength: 1, maxLength: 40 }),
        fc.array(fc.oneof(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1, max: 60_000 })), {
          minLength: 1,
          maxLength: 8,
        }),
        fc.record({
          seed: fc.nat(),
          waitChance: fc.constantFrom(0, 0.1, 0.5, 1),
          structured: fc.boolean(),
          holdsOutput: fc.boolean(),
          inFlightMax: fc.constantFrom(1, 3, 256),
          outboundBytesMax: fc.constantFrom(1, 20_000, 4_000_000),
        }),
        (steps, pieces, { seed, waitChance, structured, holdsOutput, ...limits }) => {
          const disk = new RamDisk('swap', SIZE, { seed, waitChance });
          const harness = new Harness(disk, { structured, limits });
          const model = new Uint8Array(SIZE);
          const usable = structured ? steps : steps.filter((made) => made.type !== STATUS);
          for (const group of groups(usable)) {
            harness.holdsOutput = holdsOutput;
            harness.push(
              concat(group.map((made, cookie) => harness.encode(toRequest(made, cookie)))),
              pieces,
            );
            for (let turn = 0; turn < group.length; turn += 1) harness.step();
            harness.holdsOutput = false;
            harness.releaseOutput();
            harness.settle();
            checkGroup(harness, group, model);
          }
          assert.deepEqual(disk.bytes, model);
          assert.equal(harness.transmission.inFlightCount, 0);
          assert.equal(harness.transmission.reservedBytes, 0);
          assert.equal(harness.transmission.queuedBytes, 0);
          assert.ok(harness.inputOpen);
        },
      ),
      { numRuns: 80 },
    );
  });
});
