/**
 * A key on its way through one call: encoded to bytes in a buffer that is made once, with its
 * fingerprint. Text and bytes are different keys also where they encode alike.
 */
import { assert, present } from '../../std/assert.ts';
import type { Fingerprint, Hash64 } from './hash.ts';

/** What a key may be. */
export type CacheKey = string | Uint8Array;

/** A key's length at most, in bytes: text counts in UTF-8. */
export const KEY_BYTES_MAX = 8192;

/** How a key's bytes are to be read. */
export const KEY_UTF8 = 0;
export const KEY_BYTES = 1;
/** Text that is no proper Unicode, which UTF-8 cannot tell apart: two bytes a code unit. */
export const KEY_UTF16 = 2;

const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
const LONE_SURROGATE = /\p{Surrogate}/u;

/** A key as it is stored. */
export interface EncodedKey extends Readonly<Fingerprint> {
  /** The key's bytes are the first {@link length} of these. */
  readonly bytes: Uint8Array;
  readonly length: number;
  readonly kind: number;
}

export class KeyScratch implements Fingerprint {
  readonly bytes: Uint8Array = new Uint8Array(KEY_BYTES_MAX);
  length = 0;
  kind = 0;
  low = 0;
  high = 0;
  readonly #hash: Hash64;

  constructor(hash: Hash64) {
    this.#hash = hash;
  }

  /** Takes a key in. Throws TypeError for what is no key and RangeError for what is too long. */
  set(key: CacheKey): void {
    if (typeof key === 'string') this.#setText(key);
    else if (key instanceof Uint8Array) this.#setBytes(key, KEY_BYTES);
    else throw new TypeError('a key is a string or a Uint8Array');
    this.#hash(this.bytes, this.length, this);
    this.low = (this.low ^ Math.imul(this.kind, 0x9e3779b1)) >>> 0;
  }

  #setText(key: string): void {
    if (key.length > KEY_BYTES_MAX) throw tooLong();
    for (let i = 0; i < key.length; i += 1) {
      const unit = key.charCodeAt(i);
      if (unit >= 0x80) {
        this.#setUnicode(key);
        return;
      }
      this.bytes[i] = unit;
    }
    this.length = key.length;
    this.kind = KEY_UTF8;
  }

  #setUnicode(key: string): void {
    if (LONE_SURROGATE.test(key)) {
      this.#setBytes(utf16Bytes(key), KEY_UTF16);
      return;
    }
    const { read, written } = encoder.encodeInto(key, this.bytes);
    if (read < key.length) throw tooLong();
    this.length = written;
    this.kind = KEY_UTF8;
  }

  #setBytes(key: Uint8Array, kind: number): void {
    if (key.length > KEY_BYTES_MAX) throw tooLong();
    this.bytes.set(key);
    this.length = key.length;
    this.kind = kind;
  }

  /** A copy that outlives a wait. */
  copy(): EncodedKey {
    const { length, kind, low, high } = this;
    return { bytes: this.bytes.slice(0, length), length, kind, low, high };
  }
}

function tooLong(): RangeError {
  return new RangeError(`a key has at most ${KEY_BYTES_MAX} bytes`);
}

function utf16Bytes(text: string): Uint8Array {
  const bytes = new Uint8Array(2 * text.length);
  for (let i = 0; i < text.length; i += 1) {
    bytes[2 * i] = text.charCodeAt(i) & 0xff;
    bytes[2 * i + 1] = text.charCodeAt(i) >>> 8;
  }
  return bytes;
}

/** A stored key as it was given. */
export function decodeKey(stored: Uint8Array, kind: number): CacheKey {
  if (kind === KEY_BYTES) return stored.slice();
  if (kind === KEY_UTF8) return decoder.decode(stored);
  assert(kind === KEY_UTF16);
  let text = '';
  for (let i = 0; i < stored.length; i += 2) {
    text += String.fromCharCode(present(stored[i]) | (present(stored[i + 1]) << 8));
  }
  return text;
}
