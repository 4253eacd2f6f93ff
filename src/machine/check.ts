/** Arguments of the library, checked: what is wrong is named, and nothing has been done then. */
import { parseSize } from '../std/size.ts';
import { PAGE_SIZE } from '../std/units.ts';
import type { Size } from './api.ts';

/** Bytes of a size. @throws TypeError or RangeError */
export function bytesOf(name: string, size: Size): number {
  if (typeof size === 'string') {
    try {
      return parseSize(size);
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      throw new RangeError(`${name}: ${error.message}`, { cause: error });
    }
  }
  if (typeof size !== 'number') throw new TypeError(`${name} must be a size, not ${typeof size}`);
  if (!Number.isSafeInteger(size) || size < 0) {
    throw new RangeError(`${name} must be a whole number of bytes, not ${size}`);
  }
  return size;
}

/** Bytes of a limit; Infinity for `max`. */
export function limitOf(name: string, limit: Size): number {
  return limit === 'max' ? Infinity : bytesOf(name, limit);
}

/** @throws TypeError or RangeError unless it is a whole number from `least` to `most` */
export function checkWhole(name: string, value: number, least: number, most: number): void {
  if (typeof value !== 'number') throw new TypeError(`${name} must be a number`);
  if (Number.isSafeInteger(value) && value >= least && value <= most) return;
  throw new RangeError(`${name} must be a whole number from ${least} to ${most}, not ${value}`);
}

/** @throws TypeError or RangeError unless `[offset, offset + length)` lies in the region */
export function checkRange(offset: number, length: number, bytes: number): void {
  checkWhole('offset', offset, 0, bytes);
  checkWhole('length', length, 0, bytes);
  if (offset + length <= bytes) return;
  throw new RangeError(`offset ${offset} and length ${length} reach beyond ${bytes} bytes`);
}

/** @throws TypeError unless it is a Uint8Array */
export function checkBytes(name: string, bytes: Uint8Array): void {
  if (!(bytes instanceof Uint8Array)) throw new TypeError(`${name} must be a Uint8Array`);
}

/** @throws TypeError or RangeError unless the region has the page */
export function checkPage(page: number, bytes: number): void {
  checkWhole('page', page, 0, bytes / PAGE_SIZE - 1);
}

/** @throws TypeError unless it is one of the words */
export function checkWord(name: string, value: unknown, words: readonly string[]): void {
  if (words.some((word) => word === value)) return;
  throw new TypeError(`${name} must be ${words.join(' or ')}, not ${String(value)}`);
}

/** @throws TypeError unless it is text that is not empty */
export function checkName(what: string, name: string): void {
  if (typeof name === 'string' && name !== '') return;
  throw new TypeError(`${what} must be text that is not empty`);
}
