/** Sizes and the arithmetic on them. Everything here is exact up to 2^53. */

export const PAGE_SHIFT = 12;
/** Bytes in a page (kernel `PAGE_SIZE` on the machines this is built for). */
export const PAGE_SIZE = 4096;
export const KIB = 1024;
export const MIB: number = 1024 * KIB;
export const GIB: number = 1024 * MIB;

/** Quotient rounded up; both arguments are non-negative and exact. */
export function divCeil(value: number, divisor: number): number {
  return Math.floor((value + divisor - 1) / divisor);
}

/** Pages that `bytes` take, rounded up. */
export function pagesOf(bytes: number): number {
  return divCeil(bytes, PAGE_SIZE);
}
