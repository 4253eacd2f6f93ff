/**
 * Canaries of the codec fuzzer: decoders with one well-known mistake each, which it must find. The
 * kernels themselves are fuzzed in test/unit/codec/wasm.test.ts.
 */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createLz4 } from '../../src/codec/lz4.ts';
import { PAGE_SIZE } from '../../src/std/units.ts';
import { generatePages } from '../support/pages.ts';
import { compressed } from '../support/streams.ts';
import { damagedStreams, fuzzDecoder, type FuzzedDecoder } from './codec-fuzz.ts';

const WINDOW_AT = 8192;
const OUT_AT = 32_768;
const SEED = 7;
const ROUNDS = 3000;

type Mistake = 'none' | 'trusts lengths' | 'trusts distances' | 'reads on';

/** A plain LZ4 decoder over a memory, with a mistake. */
class Canary implements FuzzedDecoder {
  readonly memory: Buffer = Buffer.alloc(131_072);
  readonly ownBytes = 0;
  readonly windowAt = WINDOW_AT;
  readonly outAt = OUT_AT;
  readonly #mistake: Mistake;

  constructor(mistake: Mistake) {
    this.#mistake = mistake;
  }

  decompress(length: number): number {
    const { memory } = this;
    const inEnd = WINDOW_AT + length;
    const outEnd = OUT_AT + PAGE_SIZE;
    let at = WINDOW_AT;
    let out = OUT_AT;
    const mayRead = (bytes: number): boolean => at + bytes <= inEnd || this.#mistake === 'reads on';
    const extended = (field: number): number => {
      let total = field;
      let byte = field === 15 ? 255 : 0;
      while (byte === 255 && at < memory.length) {
        if (!mayRead(1)) return Infinity;
        byte = memory[at++] ?? 0;
        total += byte;
      }
      return total;
    };
    for (;;) {
      if (!mayRead(1)) return 0;
      const token = memory[at++] ?? 0;
      const literals = extended(token >> 4);
      if (!mayRead(literals)) return 0;
      if (out + literals > outEnd && this.#mistake !== 'trusts lengths') return 0;
      for (let i = 0; i < literals && out < memory.length; i++) {
        memory[out++] = memory[at++] ?? 0;
      }
      if (at >= inEnd) return out === outEnd ? 1 : 0;
      if (!mayRead(2)) return 0;
      const distance = (memory[at] ?? 0) | ((memory[at + 1] ?? 0) << 8);
      at += 2;
      const match = extended(token & 15) + 4;
      if (distance === 0 || out + match > outEnd) return 0;
      if (out - distance < OUT_AT && this.#mistake !== 'trusts distances') return 0;
      for (let i = 0; i < match; i++) {
        memory[out] = memory[out - distance] ?? 0;
        out++;
      }
    }
  }
}

function soundStreams(): Uint8Array[] {
  const lane = createLz4().createLane();
  return generatePages(6)
    .map(({ bytes }) => compressed(lane, bytes))
    .filter((stream) => stream !== undefined);
}

describe('the codec fuzzer', () => {
  const run = (mistake: Mistake): ReturnType<typeof fuzzDecoder> =>
    fuzzDecoder(new Canary(mistake), damagedStreams(soundStreams(), ROUNDS, SEED));

  it('finds nothing in a decoder without a mistake', () => {
    const { violation, taken, refused } = run('none');
    assert.equal(violation, undefined);
    assert.ok(taken > 100 && refused > 100);
  });

  it('finds a decoder that trusts the lengths of literals', () => {
    assert.match(run('trusts lengths').violation ?? 'nothing', /outside of the output region/);
  });

  it('finds a decoder that follows distances out of its page', () => {
    assert.match(run('trusts distances').violation ?? 'nothing', /depends on other memory/);
  });

  it('finds a decoder that reads on after the end of its stream', () => {
    assert.match(run('reads on').violation ?? 'nothing', /memory/);
  });
});
