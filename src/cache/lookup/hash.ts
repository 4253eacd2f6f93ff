/**
 * HalfSipHash-2-4 with 64 bits of result: the fingerprint of a key. It is keyed with chance, so
 * that nobody who chooses keys can choose fingerprints, and made of 32-bit operations, which
 * JavaScript does at full speed.
 *
 * @see Aumasson and Bernstein, "SipHash: a fast short-input PRF"; HalfSipHash in their reference
 *   repository
 */

/** A fingerprint as two unsigned 32-bit halves, written by {@link Hash64}. */
export interface Fingerprint {
  low: number;
  high: number;
}

/** Turns bytes into a fingerprint. Tests give keys that collide by giving another one. */
export type Hash64 = (bytes: Uint8Array, length: number, result: Fingerprint) => void;

const SEED_2 = 0x6c796765;
const SEED_3 = 0x74656462;

/** Makes the hash for one pair of 32-bit keys. */
export function halfSipHash(key0: number, key1: number): Hash64 {
  const state = new Int32Array(4);
  return (bytes, length, result) => {
    state[0] = key0;
    state[1] = key1 ^ 0xee;
    state[2] = SEED_2 ^ key0;
    state[3] = SEED_3 ^ key1;
    const whole = length & ~3;
    for (let i = 0; i < whole; i += 4) absorb(state, word(bytes, i, 4), 2);
    absorb(state, word(bytes, whole, length - whole) | (length << 24), 2);
    const [v0 = 0, v1 = 0, v2 = 0, v3 = 0] = state;
    rounds(state, v0, v1, v2 ^ 0xee, v3, 4);
    result.low = ((state[1] ?? 0) ^ (state[3] ?? 0)) >>> 0;
    rounds(state, state[0] ?? 0, (state[1] ?? 0) ^ 0xdd, state[2] ?? 0, state[3] ?? 0, 4);
    result.high = ((state[1] ?? 0) ^ (state[3] ?? 0)) >>> 0;
  };
}

/** Up to four bytes as a little-endian word. */
function word(bytes: Uint8Array, at: number, count: number): number {
  let value = 0;
  for (let i = 0; i < count; i += 1) value |= (bytes[at + i] ?? 0) << (8 * i);
  return value;
}

function absorb(state: Int32Array, message: number, count: number): void {
  const [v0 = 0, v1 = 0, v2 = 0, v3 = 0] = [state[0], state[1], state[2], state[3]];
  rounds(state, v0, v1, v2, v3 ^ message, count);
  state[0] = (state[0] ?? 0) ^ message;
}

function rounds(
  state: Int32Array,
  a: number,
  b: number,
  c: number,
  d: number,
  count: number,
): void {
  let [v0, v1, v2, v3] = [a | 0, b | 0, c | 0, d | 0];
  for (let round = 0; round < count; round += 1) {
    v0 = (v0 + v1) | 0;
    v1 = ((v1 << 5) | (v1 >>> 27)) ^ v0;
    v0 = (v0 << 16) | (v0 >>> 16);
    v2 = (v2 + v3) | 0;
    v3 = ((v3 << 8) | (v3 >>> 24)) ^ v2;
    v0 = (v0 + v3) | 0;
    v3 = ((v3 << 7) | (v3 >>> 25)) ^ v0;
    v2 = (v2 + v1) | 0;
    v1 = ((v1 << 13) | (v1 >>> 19)) ^ v2;
    v2 = (v2 << 16) | (v2 >>> 16);
  }
  state[0] = v0;
  state[1] = v1;
  state[2] = v2;
  state[3] = v3;
}
