/**
 * A buffer that payload bytes of block requests lie in, at any alignment, with one extra page at
 * its end as a staging place. The data plane works on whole pages through views that are made once,
 * so a page is first moved to the staging page: a copy of 4 KiB costs less than the garbage of a
 * view.
 *
 *     bytes   |........ payload, size bytes ........|.. staging page ..|
 */
import { assert } from '../std/assert.ts';
import { PAGE_SIZE } from '../std/units.ts';

export class Payload {
  /** All the memory: `size` payload bytes, then the staging page. */
  readonly bytes: Uint8Array;
  /** Payload bytes, without the staging page. */
  readonly size: number;
  readonly #stage: Uint8Array;

  constructor(size: number, buffer: ArrayBuffer = new ArrayBuffer(size + PAGE_SIZE)) {
    assert(buffer.byteLength >= size + PAGE_SIZE);
    this.size = size;
    this.bytes = new Uint8Array(buffer, 0, size + PAGE_SIZE);
    this.#stage = new Uint8Array(buffer, size, PAGE_SIZE);
  }

  /** The staging page, 4096 bytes; always the same view. Overwritten by {@link stagePage}. */
  get stage(): Uint8Array {
    return this.#stage;
  }

  /** Copies the 4096 bytes at `offset` to the staging page and returns that. */
  stagePage(offset: number): Uint8Array {
    assert(offset >= 0 && offset + PAGE_SIZE <= this.size);
    this.bytes.copyWithin(this.size, offset, offset + PAGE_SIZE);
    return this.#stage;
  }
}
