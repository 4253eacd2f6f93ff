/**
 * What the checksum of each device page was when it was written, so that a read that returns other
 * bytes is found out. Four bytes a page in chunks that come into being with the first page of each,
 * held in RAM only: a device's contents do not outlive the process, and neither do their checksums.
 */
import { assert, present } from '../../std/assert.ts';

const CHUNK_SHIFT = 14;
/** Device pages whose checksums share a chunk: 64 MiB of device, 64 KiB of checksums. */
const CHUNK_PAGES: number = 1 << CHUNK_SHIFT;

export class PageChecksums {
  readonly #pageCount: number;
  readonly #chunks: (Uint32Array | undefined)[] = [];

  constructor(pageCount: number) {
    this.#pageCount = pageCount;
  }

  /** Bytes of memory the chunks take. */
  get heldBytes(): number {
    let bytes = 0;
    for (const chunk of this.#chunks) bytes += chunk?.byteLength ?? 0;
    return bytes;
  }

  /** Notes `checksum` as the checksum of what is being written to `devicePage`. */
  set(devicePage: number, checksum: number): void {
    assert(devicePage >= 0 && devicePage < this.#pageCount);
    const index = Math.floor(devicePage / CHUNK_PAGES);
    while (this.#chunks.length <= index) this.#chunks.push(undefined);
    let chunk = this.#chunks[index];
    if (chunk === undefined) {
      chunk = new Uint32Array(CHUNK_PAGES);
      this.#chunks[index] = chunk;
    }
    chunk[devicePage % CHUNK_PAGES] = checksum;
  }

  /** True if `checksum` is what was last noted for `devicePage`, a page noted before. */
  matches(devicePage: number, checksum: number): boolean {
    assert(devicePage >= 0 && devicePage < this.#pageCount);
    const chunk = present(this.#chunks[Math.floor(devicePage / CHUNK_PAGES)]);
    return chunk[devicePage % CHUNK_PAGES] === checksum >>> 0;
  }
}
