/**
 * Streams for codec tests: the committed ones of other implementations, and running bytes through a
 * lane.
 */
import { readFileSync, readdirSync } from 'node:fs';
import type { CodecLane } from '../../src/codec/codec.ts';
import { PAGE_SIZE } from '../../src/std/units.ts';

const FIXTURES = new URL('../fixtures/codec/', import.meta.url);

/** A stream that another implementation made of `page`. */
export interface ForeignStream {
  readonly name: string;
  readonly stream: Uint8Array;
  readonly page: Uint8Array;
}

/** The committed streams of a format. */
export function foreignStreams(format: 'lz4' | 'lzo'): ForeignStream[] {
  return readdirSync(new URL(`${format}/`, FIXTURES))
    .sort()
    .map((name) => ({
      name,
      stream: readFileSync(new URL(`${format}/${name}`, FIXTURES)),
      page: readFileSync(new URL(`pages/${name.split('.')[0] ?? ''}.page`, FIXTURES)),
    }));
}

/** Decompresses a stream; undefined if it is refused. */
export function decompressed(lane: CodecLane, stream: Uint8Array): Uint8Array | undefined {
  const target = new Uint8Array(PAGE_SIZE);
  lane.window.bytes.set(stream);
  return lane.decompress(stream.length, target, 0) ? target : undefined;
}

/** Compresses a page; undefined if it is incompressible. */
export function compressed(lane: CodecLane, page: Uint8Array): Uint8Array | undefined {
  const length = lane.compress(page);
  return length === 0 ? undefined : lane.window.of(length).slice();
}
