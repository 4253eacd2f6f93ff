/**
 * A fuzzer for decoders that work in a memory of their own. Sound streams, damaged ones, cut ones
 * and noise, all from one seed, are decoded twice, with two different patterns in everything that
 * the decoder was not given. What must hold for any input: only the output region changes, and the
 * outcome does not depend on anything but the stream.
 */
import { PAGE_SIZE } from '../../src/std/units.ts';
import { Random } from '../support/pages.ts';

/** Bytes beyond the output region that wide copies may reach. */
const SLOP = 64;

/** A decoder with its whole memory in view. */
export interface FuzzedDecoder {
  readonly memory: Buffer;
  /** Bytes at the front of the memory that are the decoder's own tables. */
  readonly ownBytes: number;
  /**
   * Where scratch of the decoder begins and ends: changed as it likes, and empty to it before each
   * stream. What is behind it is the decoder's own again. None where undefined.
   */
  readonly scratch?: readonly [start: number, end: number];
  /** Where the stream is put, and where the page comes out. */
  readonly windowAt: number;
  readonly outAt: number;
  /** Decodes `length` bytes of the window; 1 if it gave a page. */
  decompress(length: number): number;
}

/** What a run has seen: the first violation, and how many streams were taken and refused. */
export interface FuzzReport {
  readonly violation: string | undefined;
  readonly taken: number;
  readonly refused: number;
}

/** Sound streams, then damaged and cut ones, then noise, `rounds` in all. */
export function* damagedStreams(
  sound: readonly Uint8Array[],
  rounds: number,
  seed: number,
): Generator<Uint8Array> {
  yield* sound;
  const random = new Random(seed);
  for (let round = sound.length; round < rounds; round++) {
    let stream = Buffer.from(random.pick(sound));
    const kind = random.below(10);
    if (kind > 7) {
      // More of a stream where it should end: a page that is nearly full gets too much.
      const more = Buffer.alloc(64 + random.below(1000));
      random.fill(more);
      more[0] = random.pick([0xf0, 0xff, 0x0f, 0x11, 0x20]);
      more[1] = random.pick([0xff, 0xfe, 0xc8, 0x00]);
      const kept = stream.length - random.below(Math.min(32, stream.length));
      stream = Buffer.concat([stream.subarray(0, kept), more]).subarray(0, PAGE_SIZE - 1);
    } else if (kind === 0) {
      stream = Buffer.alloc(1 + random.below(PAGE_SIZE - 1));
      random.fill(stream);
    } else {
      for (let change = random.below(4); change >= 0; change--) {
        stream[random.below(stream.length)] = random.pick([0, 255, 17, random.u32() & 255]);
      }
      if (kind < 3) stream = stream.subarray(0, 1 + random.below(stream.length));
    }
    yield stream;
  }
}

/** Decodes one stream with everything else set to `pattern`. */
export function decodeOver(
  decoder: FuzzedDecoder,
  stream: Uint8Array,
  pattern: number,
): { readonly result: number; readonly page: Buffer; readonly violation: string | undefined } {
  const { memory, outAt } = decoder;
  const [scratchAt, scratchEnd] = decoder.scratch ?? [memory.length, memory.length];
  memory.fill(pattern, decoder.ownBytes, scratchEnd);
  memory.set(stream, decoder.windowAt);
  const before = Buffer.from(memory);
  const result = decoder.decompress(stream.length);
  const end = outAt + PAGE_SIZE + SLOP;
  const confined =
    memory.subarray(0, outAt).equals(before.subarray(0, outAt)) &&
    memory.subarray(end, scratchAt).equals(before.subarray(end, scratchAt)) &&
    memory.subarray(scratchEnd).equals(before.subarray(scratchEnd));
  return {
    result,
    page: Buffer.from(memory.subarray(outAt, outAt + PAGE_SIZE)),
    violation: confined ? undefined : 'memory outside of the output region has changed',
  };
}

/** Runs a decoder over streams until something that must hold does not. */
export function fuzzDecoder(decoder: FuzzedDecoder, streams: Iterable<Uint8Array>): FuzzReport {
  let [taken, refused] = [0, 0];
  for (const stream of streams) {
    const first = decodeOver(decoder, stream, 0x00);
    const second = decodeOver(decoder, stream, 0xff);
    const violation =
      first.violation ??
      second.violation ??
      (first.result === second.result ? undefined : 'the outcome depends on other memory') ??
      (first.result !== 1 || first.page.equals(second.page)
        ? undefined
        : 'the page depends on other memory');
    if (violation !== undefined) return { violation, taken, refused };
    if (first.result === 1) taken += 1;
    else refused += 1;
  }
  return { violation: undefined, taken, refused };
}
