/**
 * What each page of a disk may hold: an atomic register that knows all versions written to it, in
 * time. A read is right if it returns a version that was or may have been written, and that was not
 * overwritten for certain before the read began.
 */

/** One write of one page. */
export interface Version {
  readonly id: number;
  readonly started: number;
  ended: number;
  /** False if it cannot have been written: the request was refused and had this page only. */
  possible: boolean;
  /** False if it may not have been written: the request was refused. */
  certain: boolean;
}

/** A write that begins now. */
export function newVersion(id: number, started: number): Version {
  return { id, started, ended: Infinity, possible: true, certain: true };
}

export class PageModel {
  readonly #versions: Version[][];

  /** @param pages - pages of the disk, which hold version 0 */
  constructor(pages: number) {
    this.#versions = Array.from({ length: pages }, () => [
      { id: 0, started: -2, ended: -1, possible: true, certain: true },
    ]);
  }

  /** What a copy of the pages may hold that is made now; later writes are each one's own. */
  clone(): PageModel {
    const clone = new PageModel(0);
    for (const versions of this.#versions) {
      // A write that is under way changes the pages that it was asked to change, not the copies.
      clone.#versions.push(versions.filter(({ ended }) => ended !== Infinity));
    }
    return clone;
  }

  add(page: number, version: Version): void {
    this.#versions[page]?.push(version);
  }

  /** Says why a read of `id` in `[started, ended]` is wrong, or undefined. */
  violation(page: number, id: number, started: number, ended: number): string | undefined {
    const versions = this.#versions[page] ?? [];
    const candidates = versions.filter((v) => v.id === id && v.possible && v.started <= ended);
    if (candidates.length === 0) return `page ${page} holds ${id}, which was never written there`;
    const fresh = candidates.some(
      (v) => !versions.some((w) => w.certain && v.ended < w.started && w.ended < started),
    );
    return fresh ? undefined : `page ${page} holds ${id}, which was overwritten before the read`;
  }
}
