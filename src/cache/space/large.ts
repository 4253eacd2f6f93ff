/**
 * Writing an entry that has segments of its own: piece by piece, each as whole pages. Nothing of it
 * is linked before all of it is written, so whoever stops in between only has segments to free.
 */
import type { EncodedKey } from '../lookup/key.ts';
import { HEADER_BYTES, largeSegments, locationOf, type Log } from './log.ts';
import type { CacheMemory, WriteResult } from './memory.ts';
import { segmentOffset, type Segments } from './segments.ts';

/** Where large entries are written to. */
export interface LargeParts {
  readonly memory: CacheMemory;
  readonly segments: Segments;
  readonly log: Log;
}

/** Takes segments that are linked in order, and returns the first. There are enough. */
function takeChain(segments: Segments, count: number): number {
  let first = 0;
  for (let i = 0; i < count; i += 1) {
    const segment = segments.take('large');
    segments.setNext(segment, first);
    first = segment;
  }
  return first;
}

function segmentCount(key: EncodedKey, value: Uint8Array): number {
  return largeSegments(HEADER_BYTES + key.length + value.length);
}

/** Writes an entry within this call; its location, or why there is none. */
export function writeLargeSync(
  { memory, segments, log }: LargeParts,
  entry: number,
  key: EncodedKey,
  value: Uint8Array,
): number | WriteResult {
  const first = takeChain(segments, segmentCount(key, value));
  let segment = first;
  for (let index = 0; segment !== 0; index += 1) {
    const result = memory.writeSync(segmentOffset(segment), log.piece(index, entry, key, value));
    if (result !== 'done') {
      segments.freeLarge(first);
      return result;
    }
    segment = segments.next(segment);
  }
  return locationOf(first, 0);
}

/** The same with waiting. The caller keeps key and value as they are. */
export async function writeLarge(
  { memory, segments, log }: LargeParts,
  entry: number,
  key: EncodedKey,
  value: Uint8Array,
): Promise<number | WriteResult> {
  const first = takeChain(segments, segmentCount(key, value));
  let result: WriteResult = 'no-room';
  try {
    let segment = first;
    for (let index = 0; segment !== 0; index += 1) {
      // A copy: others read into the log's buffer while this waits.
      const piece = log.piece(index, entry, key, value).slice();
      result = await memory.write(segmentOffset(segment), piece);
      if (result !== 'done') break;
      segment = segments.next(segment);
    }
  } finally {
    if (result !== 'done') segments.freeLarge(first);
  }
  return result === 'done' ? locationOf(first, 0) : result;
}
