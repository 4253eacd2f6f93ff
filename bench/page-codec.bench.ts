/**
 * What a page costs in each codec: microseconds to compress and to decompress through a lane,
 * copies included, and the size left. Run `node dist/bench/page-codec.bench.js`; the pages are the
 * real ones from beside the project where they are, else generated ones. Same-filled pages are left
 * out, as no codec ever sees them. Rounds of the codecs take turns, so that a drift of the machine
 * hits them alike; every stream is checked before any is timed. What is not measured: the
 * processor's caches being cold, and the codecs in C.
 */
import { performance } from 'node:perf_hooks';
import { INCOMPRESSIBLE } from '../src/codec/codec.ts';
import type { Codec, CodecLane } from '../src/codec/codec.ts';
import { createLz4 } from '../src/codec/lz4.ts';
import { createLzoRle } from '../src/codec/lzo-rle.ts';
import { createLzo } from '../src/codec/lzo.ts';
import { present } from '../src/std/assert.ts';
import { PAGE_SIZE } from '../src/std/units.ts';
import { generatePages, sharedPages } from '../test/support/pages.ts';

const ROUNDS = 15;
const CODECS: readonly Codec[] = [createLz4(), createLzo(), createLzoRle()];

const isSameFilled = (page: Uint8Array): boolean =>
  Buffer.compare(page.subarray(8), page.subarray(0, -8)) === 0;
const real = sharedPages();
const source = real ?? generatePages(200).map(({ bytes }) => bytes);
const pages = source.filter((page) => !isSameFilled(page));

/** One codec's lane, its streams of all pages, and its times. */
class Contestant {
  readonly name: string;
  readonly compressUs: number[] = [];
  readonly decompressUs: number[] = [];
  readonly #lane: CodecLane;
  readonly #streams: Uint8Array[] = [];
  readonly #target = new Uint8Array(PAGE_SIZE);

  constructor(codec: Codec) {
    this.name = codec.spec;
    this.#lane = codec.createLane();
    for (const page of pages) {
      const length = this.#lane.compress(page);
      const stream = this.#lane.window.of(length).slice();
      if (length !== INCOMPRESSIBLE) {
        this.#streams.push(stream);
        const isRight = this.#decompress(stream) && Buffer.compare(this.#target, page) === 0;
        if (!isRight) throw new Error(`${this.name} does not give its page back`);
      }
    }
  }

  /** Stored bytes in percent, incompressible pages counted whole. */
  get percent(): number {
    const stored = this.#streams.reduce((sum, { length }) => sum + length, 0);
    const whole = (pages.length - this.#streams.length) * PAGE_SIZE;
    return (100 * (stored + whole)) / (pages.length * PAGE_SIZE);
  }

  round(): void {
    const start = performance.now();
    for (const page of pages) this.#lane.compress(page);
    const middle = performance.now();
    for (const stream of this.#streams) this.#decompress(stream);
    const end = performance.now();
    this.compressUs.push(((middle - start) * 1000) / pages.length);
    this.decompressUs.push(((end - middle) * 1000) / this.#streams.length);
  }

  #decompress(stream: Uint8Array): boolean {
    this.#lane.window.bytes.set(stream);
    return this.#lane.decompress(stream.length, this.#target, 0);
  }
}

function spread(samples: readonly number[]): string {
  const sorted = samples.toSorted((left, right) => left - right);
  const at = (part: number): string => present(sorted[Math.floor(part)]).toFixed(2);
  return `${at(sorted.length / 2)} (${at(0)}..${at(sorted.length - 1)})`;
}

const contestants = CODECS.map((codec) => new Contestant(codec));
for (let round = 0; round < ROUNDS; round++) for (const each of contestants) each.round();
console.log(`${pages.length} ${real ? 'real' : 'generated'} pages, Node ${process.version}`);
console.log('codec: us a page in, out: median (min..max); size');
for (const { name, compressUs, decompressUs, percent } of contestants) {
  const times = `${spread(compressUs)}, ${spread(decompressUs)}`;
  console.log(`${name}: ${times}; ${percent.toFixed(2)} %`);
}
