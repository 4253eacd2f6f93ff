/**
 * One request to a file in progress: a record made once for each {@link Bio} and used again, with
 * its callback bound once, so that a request costs no garbage beyond what Node's own call makes.
 */
import { read, write } from 'node:fs';

import { assert } from '../../std/assert.ts';
import { EIO, ENOSPC, OK } from '../../std/errno.ts';
import type { Errno } from '../../std/errno.ts';
import { PAGE_SIZE } from '../../std/units.ts';
import type { Bio } from './device.ts';
import { HEADER_BYTES } from './device-header.ts';

const NO_ROOM: ReadonlySet<string> = new Set(['ENOSPC', 'EDQUOT', 'EFBIG']);

/** Where requests go. */
export interface FileTarget {
  readonly fd: number;
  readonly direct: boolean;
  /** Called when a request has ended and `bio.error` is set. */
  onEnd(request: FileRequest): void;
}

export class FileRequest {
  readonly bio: Bio;
  /** Set before {@link start}. */
  isWrite = false;
  readonly #target: FileTarget;
  #bytesDone = 0;
  #bytesTotal = 0;
  readonly #onTransferred: (error: NodeJS.ErrnoException | null, byteCount: number) => void;

  constructor(bio: Bio, target: FileTarget) {
    this.bio = bio;
    this.#target = target;
    this.#onTransferred = (error, byteCount): void => this.#advance(error, byteCount);
  }

  /** Starts moving the bio's pages. */
  start(): void {
    this.#bytesDone = 0;
    this.#bytesTotal = this.bio.pageCount * PAGE_SIZE;
    this.#transfer();
  }

  #transfer(): void {
    const { bio } = this;
    const position = HEADER_BYTES + bio.devicePage * PAGE_SIZE + this.#bytesDone;
    const length = this.#bytesTotal - this.#bytesDone;
    const { fd } = this.#target;
    if (this.isWrite) {
      write(fd, bio.bytes, this.#bytesDone, length, position, this.#onTransferred);
    } else {
      read(fd, bio.bytes, this.#bytesDone, length, position, this.#onTransferred);
    }
  }

  #advance(error: NodeJS.ErrnoException | null, byteCount: number): void {
    if (error !== null) {
      this.#end(errnoOf(error));
      return;
    }
    assert(byteCount <= this.#bytesTotal - this.#bytesDone);
    // Where the page cache is bypassed, going on from anywhere but a page border is refused.
    const isAtEnd = this.#bytesDone + byteCount === this.#bytesTotal;
    const progress =
      this.#target.direct && !isAtEnd ? byteCount - (byteCount % PAGE_SIZE) : byteCount;
    if (progress === 0) {
      this.#end(this.isWrite ? ENOSPC : EIO);
      return;
    }
    this.#bytesDone += progress;
    if (this.#bytesDone < this.#bytesTotal) this.#transfer();
    else this.#end(OK);
  }

  #end(error: Errno): void {
    this.bio.error = error;
    this.#target.onEnd(this);
  }
}

/** A full disk, an exhausted quota and a limit of file size all mean no room to the caller. */
export function errnoOf(error: NodeJS.ErrnoException): Errno {
  return NO_ROOM.has(error.code ?? '') ? ENOSPC : EIO;
}
