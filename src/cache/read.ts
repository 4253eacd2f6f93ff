/**
 * Reading entries: at once, for whoever has the key, and with waiting, for whoever walks over all
 * of them by their index.
 */
import { ZswapError } from '../std/error.ts';
import type { EntryTable } from './lookup/entries.ts';
import { decodeKey, type CacheKey, type EncodedKey } from './lookup/key.ts';
import {
  hasKey,
  HEADER_BYTES,
  PACKED_BYTES_MAX,
  recordHead,
  segmentOf,
  type Log,
} from './space/log.ts';
import type { Segments } from './space/segments.ts';
import type { GetResult } from './store-options.ts';

/** Bytes that are read of a record at first: most keys are in them. */
const HEAD_BYTES = 256;

/** Where entries are read from. */
export interface WalkParts {
  readonly entries: EntryTable;
  readonly segments: Segments;
  readonly log: Log;
  /** Told of an entry whose page could not be read. */
  lose(index: number, location: number): void;
}

/**
 * Says whether a page could not be read only because no page frame can be had for it at the moment:
 * then nothing is lost.
 */
export function lacksRoom(error: unknown): boolean {
  return error instanceof ZswapError && error.code === 'ZSWAP_NO_MEMORY';
}

/** Reads a live entry's key and, where wanted, its value; undefined if it cannot be had. */
export async function readRecord(
  parts: WalkParts,
  index: number,
  withValue: boolean,
): Promise<[CacheKey, Uint8Array] | undefined> {
  const { entries, segments, log } = parts;
  const location = entries.location(index);
  const bytes = entries.bytes(index);
  const read = async (skip: number, length: number): Promise<Uint8Array> => {
    const target = new Uint8Array(length);
    if (!log.readPartSync(location, skip, target)) {
      await log.readPart(location, skip, target, undefined);
    }
    return target;
  };
  const segment = segmentOf(location);
  segments.pin(segment);
  try {
    const head = await read(0, Math.min(bytes, HEAD_BYTES));
    const { keyLength, keyKind } = recordHead(head, 0);
    const isShort = HEADER_BYTES + keyLength <= head.length;
    const key = isShort
      ? head.subarray(HEADER_BYTES, HEADER_BYTES + keyLength)
      : await read(HEADER_BYTES, keyLength);
    const skip = HEADER_BYTES + keyLength;
    const value = await read(skip, withValue ? bytes - skip : 0);
    return [decodeKey(key, keyKind), value];
  } catch (error) {
    if (!lacksRoom(error)) parts.lose(index, location);
    return undefined;
  } finally {
    segments.unpin(segment);
  }
}

/** Reads an entry's value; `collision` if its key is not this one. Throws if a page is lost. */
export function readValueSync(
  { entries, log }: Pick<WalkParts, 'entries' | 'log'>,
  index: number,
  key: EncodedKey,
): GetResult | 'collision' {
  const location = entries.location(index);
  const bytes = entries.bytes(index);
  const headBytes = HEADER_BYTES + key.length;
  if (bytes < headBytes) return 'collision';
  const isWhole = bytes <= PACKED_BYTES_MAX;
  const record = log.readSync(location, isWhole ? bytes : headBytes);
  if (record === undefined) return 'would-wait';
  if (!hasKey(record, key)) return 'collision';
  if (isWhole) return record.slice(headBytes);
  const value = new Uint8Array(bytes - headBytes);
  return log.readPartSync(location, headBytes, value) ? value : 'would-wait';
}
