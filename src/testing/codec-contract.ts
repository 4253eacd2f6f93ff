/**
 * What every compressor must do, as a suite that any implementation of {@link Codec} can be put
 * through. It imports no test runner and brings no pages: the caller passes both in.
 */
import { CODEC_WINDOW_BYTES, INCOMPRESSIBLE } from '../codec/codec.ts';
import type { Codec, CodecLane } from '../codec/codec.ts';
import { assert, present } from '../std/assert.ts';
import { PAGE_SIZE } from '../std/units.ts';

/** A page to compress; `kind` and `seed` name it in a failure. */
export interface ContractPage {
  /** Pages of kind `random` must be incompressible, of kind `text` and `zero` compressible. */
  readonly kind: string;
  readonly seed: number;
  readonly bytes: Uint8Array;
}

export interface CodecContractOptions {
  readonly codec: Codec;
  /** Registers one test of a runner, such as `it` of node:test. */
  readonly test: (name: string, body: () => void) => unknown;
  /** Some of every kind that matters; the more, the better. */
  readonly pages: readonly ContractPage[];
  /** False for a codec that finds every page incompressible. Default true. */
  readonly compresses?: boolean;
}

interface Stream {
  readonly page: ContractPage;
  readonly bytes: Uint8Array;
}

const UNTOUCHED = 0xa5;
const MARGIN = 64;
const MUTANTS_PER_STREAM = 12;

function equal(left: Uint8Array, right: Uint8Array): boolean {
  return left.length === right.length && left.every((byte, at) => byte === right[at]);
}

function nameOf(page: ContractPage): string {
  return `${page.kind} page of seed ${page.seed}`;
}

/** A target with a margin on both sides, which nothing may write to. */
class Target {
  readonly bytes: Uint8Array = new Uint8Array(MARGIN + PAGE_SIZE + MARGIN);
  readonly page: Uint8Array = this.bytes.subarray(MARGIN, MARGIN + PAGE_SIZE);

  /** Decompresses `stream` into the page; the window beyond the stream is filled with `beyond`. */
  decompress(lane: CodecLane, stream: Uint8Array, beyond = UNTOUCHED): boolean {
    this.bytes.fill(UNTOUCHED);
    lane.window.bytes.fill(beyond);
    lane.window.of(stream.length).set(stream);
    const isWhole = lane.decompress(stream.length, this.bytes, MARGIN);
    const margins = [this.bytes.subarray(0, MARGIN), this.bytes.subarray(MARGIN + PAGE_SIZE)];
    const isUntouched = (bytes: Uint8Array): boolean => bytes.every((byte) => byte === UNTOUCHED);
    assert(margins.every(isUntouched), 'wrote outside the target page');
    if (!isWhole) assert(isUntouched(this.page), 'failed and changed the target');
    return isWhole;
  }
}

/** Compresses every page on one lane and keeps the streams. */
function compressAll(codec: Codec, pages: readonly ContractPage[]): Stream[] {
  const lane = codec.createLane();
  const streams: Stream[] = [];
  for (const page of pages) {
    const length = lane.compress(page.bytes);
    if (length !== INCOMPRESSIBLE) streams.push({ page, bytes: lane.window.of(length).slice() });
  }
  return streams;
}

/** Deterministic damage: the `index`th mutant of a stream, of the same length or shorter. */
function mutantOf(stream: Uint8Array, index: number): Uint8Array {
  const mutant = stream.slice();
  let state = Math.imul(index + 1, 0x9e3779b1) ^ stream.length;
  for (let change = 0; change <= index % 4; change++) {
    state = Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) + 0x6d2b79f5;
    // Half of the changes go where headers are.
    const range = change % 2 === 0 ? stream.length : Math.min(stream.length, 16);
    mutant[(state >>> 8) % range] = state & 0xff;
  }
  return index % 3 === 0 ? mutant.subarray(0, 1 + ((state >>> 4) % stream.length)) : mutant;
}

function registerCompression({ codec, test, pages, compresses }: CodecContractOptions): void {
  test(`${codec.spec} gives back every page it compresses`, () => {
    const lane = codec.createLane();
    const target = new Target();
    for (const { page, bytes } of compressAll(codec, pages)) {
      assert(target.decompress(lane, bytes), `refused its own stream: ${nameOf(page)}`);
      assert(equal(target.page, page.bytes), `wrong bytes: ${nameOf(page)}`);
    }
  });

  test(`${codec.spec} gives a length below a page's, or finds the page incompressible`, () => {
    const lane = codec.createLane();
    assert(lane.window.bytes.length === CODEC_WINDOW_BYTES);
    for (const page of pages) {
      const length = lane.compress(page.bytes);
      assert(Number.isInteger(length), nameOf(page));
      assert(length >= 0 && length < PAGE_SIZE, `length ${length}: ${nameOf(page)}`);
      const isCompressed = length !== INCOMPRESSIBLE;
      if (page.kind === 'random') assert(!isCompressed, nameOf(page));
      if (page.kind === 'text' || page.kind === 'zero') {
        assert(isCompressed === (compresses ?? true), nameOf(page));
      }
    }
  });

  test(`${codec.spec} leaves the source page as it is`, () => {
    const lane = codec.createLane();
    for (const page of pages) {
      const source = page.bytes.slice();
      lane.compress(source);
      assert(equal(source, page.bytes), nameOf(page));
    }
  });

  test(`${codec.spec} gives the same bytes on every lane and at every time`, () => {
    const streams = compressAll(codec, pages);
    const lane = codec.createLane();
    for (const { page, bytes } of streams.toReversed()) {
      const length = lane.compress(page.bytes);
      assert(equal(lane.window.of(length), bytes), nameOf(page));
    }
  });
}

function registerDamage({ codec, test, pages }: CodecContractOptions): void {
  test(`${codec.spec} refuses a cut stream or stays within the target`, () => {
    const lane = codec.createLane();
    const target = new Target();
    for (const { bytes } of compressAll(codec, pages)) {
      const step = 1 + (bytes.length >> 4);
      for (let length = 1; length < bytes.length; length += step) {
        target.decompress(lane, bytes.subarray(0, length));
      }
    }
  });

  test(`${codec.spec} refuses a damaged stream or stays within the target`, () => {
    const lane = codec.createLane();
    const target = new Target();
    const noise = pages.filter(({ kind }) => kind === 'random');
    const streams = compressAll(codec, pages).map(({ bytes }) => bytes);
    streams.push(...noise.map(({ bytes }) => bytes.subarray(0, PAGE_SIZE - 1)));
    for (const stream of streams) {
      for (let index = 0; index < MUTANTS_PER_STREAM; index++) {
        target.decompress(lane, mutantOf(stream, index));
      }
    }
  });

  test(`${codec.spec} does not look at the window beyond the stream`, () => {
    const lane = codec.createLane();
    const [target, other] = [new Target(), new Target()];
    for (const { page, bytes } of compressAll(codec, pages)) {
      for (let index = 0; index < MUTANTS_PER_STREAM; index++) {
        const mutant = mutantOf(bytes, index);
        const isWhole = target.decompress(lane, mutant, 0x00);
        assert(other.decompress(lane, mutant, 0xff) === isWhole, nameOf(page));
        assert(equal(target.page, other.page), nameOf(page));
      }
    }
  });

  test(`${codec.spec} works as before after a damaged stream`, () => {
    const lane = codec.createLane();
    const target = new Target();
    for (const { page, bytes } of compressAll(codec, pages)) {
      target.decompress(lane, mutantOf(bytes, 1));
      assert(target.decompress(lane, bytes), nameOf(page));
      assert(equal(target.page, page.bytes), nameOf(page));
    }
  });
}

function registerLanes({ codec, test, pages }: CodecContractOptions): void {
  test(`${codec.spec} keeps lanes apart`, () => {
    const [left, right] = [codec.createLane(), codec.createLane()];
    const streams = compressAll(codec, pages);
    const target = new Target();
    streams.forEach(({ page, bytes }, index) => {
      const { page: otherPage, bytes: otherBytes } = present(streams[streams.length - 1 - index]);
      const leftLength = left.compress(page.bytes);
      const rightLength = right.compress(otherPage.bytes);
      assert(equal(left.window.of(leftLength), bytes), nameOf(page));
      assert(equal(right.window.of(rightLength), otherBytes), nameOf(otherPage));
      assert(target.decompress(right, bytes), nameOf(page));
      assert(equal(left.window.of(leftLength), bytes), nameOf(page));
    });
  });
}

/** Registers the contract's tests for one codec. */
export function codecContract(options: CodecContractOptions): void {
  registerCompression(options);
  registerDamage(options);
  registerLanes(options);
}
