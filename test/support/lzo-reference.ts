/**
 * A second LZO1X decoder, plain and slow, for tests: written straight from the format description
 * (Linux Documentation/staging/lzo.rst), one branch for each of its instructions, so that a mistake
 * of the kernel's encoder is not repeated by its decoder.
 */

/** Thrown for a stream that the description does not allow. */
export class LzoFormatError extends Error {}

class Decoder {
  readonly #input: Uint8Array;
  readonly #output: number[] = [];
  readonly #counts: Map<string, number> = new Map();
  #at = 0;
  #version = 0;
  #state = 0;

  constructor(input: Uint8Array) {
    this.#input = input;
  }

  #count(instruction: string): void {
    this.#counts.set(instruction, (this.#counts.get(instruction) ?? 0) + 1);
  }

  #byte(): number {
    const byte = this.#input[this.#at++];
    if (byte === undefined) throw new LzoFormatError('stream is cut off');
    return byte;
  }

  #le16(): number {
    const low = this.#byte();
    return low | (this.#byte() << 8);
  }

  #length(field: number, bits: number, constant: number): number {
    if (field !== 0) return field + constant;
    let length = (1 << bits) - 1;
    let byte = this.#byte();
    for (; byte === 0; byte = this.#byte()) length += 255;
    return length + byte + constant;
  }

  #literals(count: number): void {
    for (let index = 0; index < count; index++) this.#output.push(this.#byte());
  }

  #copy(distance: number, length: number, literals: number): void {
    for (let index = 0; index < length; index++) {
      const byte = this.#output[this.#output.length - distance];
      if (byte === undefined) throw new LzoFormatError('distance goes before the output');
      this.#output.push(byte);
    }
    this.#literals(literals);
    this.#state = literals;
  }

  #first(): void {
    if (this.#input.length >= 5 && this.#input[0] === 17) {
      this.#at = 1;
      this.#version = this.#byte();
    }
    const byte = this.#input[this.#at];
    if (byte === undefined || byte <= 17) return;
    this.#at++;
    this.#count('first literals');
    this.#literals(byte - 17);
    this.#state = Math.min(byte - 17, 4);
  }

  /** Instructions 0..15, whose meaning depends on the literals before. */
  #low(code: number): void {
    if (this.#state === 0) {
      this.#count('literals');
      this.#literals(this.#length(code & 15, 4, 3));
      this.#state = 4;
      return;
    }
    const distance = (this.#byte() << 2) + (code >> 2) + 1;
    if (this.#state === 4) {
      this.#count('copy of 3 beyond 2 KiB');
      this.#copy(distance + 2048, 3, code & 3);
    } else {
      this.#count('copy of 2');
      this.#copy(distance, 2, code & 3);
    }
  }

  /** Instructions 16..31. Returns true at the end of the stream. */
  #far(code: number): boolean {
    const operand = this.#input.slice(this.#at, this.#at + 2);
    const isRun = (code & 8) === 8 && operand[1] === 0xff && (operand[0] ?? 0) >= 0xfc;
    if (this.#version === 1 && isRun) {
      this.#count('run of zeros');
      const literals = this.#le16() & 3;
      const length = ((this.#byte() << 3) | (code & 7)) + 4;
      for (let index = 0; index < length; index++) this.#output.push(0);
      this.#literals(literals);
      this.#state = literals;
      return false;
    }
    const length = this.#length(code & 7, 3, 2);
    const pair = this.#le16();
    const distance = 16384 + ((code & 8) << 11) + (pair >> 2);
    if (distance === 16384) return true;
    this.#count('far copy');
    this.#copy(distance, length, pair & 3);
    return false;
  }

  run(): { bytes: Uint8Array; version: number; counts: ReadonlyMap<string, number> } {
    this.#first();
    for (;;) {
      const code = this.#byte();
      if (code >= 64) {
        this.#count('short copy');
        const distance = (this.#byte() << 3) + ((code >> 2) & 7) + 1;
        const length = code >= 128 ? 5 + ((code >> 5) & 3) : 3 + ((code >> 5) & 1);
        this.#copy(distance, length, code & 3);
      } else if (code >= 32) {
        this.#count('near copy');
        const length = this.#length(code & 31, 5, 2);
        const pair = this.#le16();
        this.#copy((pair >> 2) + 1, length, pair & 3);
      } else if (code >= 16) {
        if (this.#far(code)) break;
      } else {
        this.#low(code);
      }
    }
    if (this.#at !== this.#input.length) throw new LzoFormatError('bytes after the end');
    return {
      bytes: Uint8Array.from(this.#output),
      version: this.#version,
      counts: this.#counts,
    };
  }
}

/**
 * Decodes a whole stream of either version.
 *
 * @returns the bytes, the bitstream version, and how often each instruction was met; throws
 *   {@link LzoFormatError} for a malformed stream
 */
export function decodeLzo(stream: Uint8Array): {
  bytes: Uint8Array;
  version: number;
  counts: ReadonlyMap<string, number>;
} {
  return new Decoder(stream).run();
}
