/**
 * Where pages to look at come from: a row of pages that can be read by number, whatever they belong
 * to. A source says beforehand how many pages it has, so that a sample can be drawn, and finds out
 * while reading which of them are gone or hold no memory.
 */
import { ZswapError } from '../../std/error.ts';
import { PAGE_SIZE } from '../../std/units.ts';

/** A row of pages, numbered from 0. */
export interface PageSource {
  /** What it is, for people: `process 4711 (node)`, a path. */
  readonly name: string;
  /** Pages that may be read. */
  readonly pages: number;
  /** What somebody who reads figures about these pages must know; grows while it is read. */
  readonly notes: readonly string[];
  /**
   * Reads pages `first .. first + count - 1` to `target`, back to back, and sets `present[i]` to 1,
   * or to 0 where page `first + i` is gone or holds no memory; its bytes are undefined then.
   */
  read(first: number, count: number, target: Uint8Array, present: Uint8Array): void;
  close(): void;
}

/** One source made of several, one after the other. */
class JoinedSource implements PageSource {
  readonly name: string;
  readonly pages: number;
  readonly #sources: readonly PageSource[];
  /** Number of each source's first page. */
  readonly #firsts: readonly number[];

  constructor(name: string, sources: readonly PageSource[]) {
    this.name = name;
    this.#sources = sources;
    let pages = 0;
    this.#firsts = sources.map((source) => {
      const first = pages;
      pages += source.pages;
      return first;
    });
    this.pages = pages;
  }

  get notes(): readonly string[] {
    return this.#sources.flatMap(({ notes }) => notes);
  }

  read(first: number, count: number, target: Uint8Array, present: Uint8Array): void {
    this.#sources.forEach((source, index) => {
      const base = this.#firsts[index] ?? 0;
      const from = Math.max(first, base);
      const to = Math.min(first + count, base + source.pages);
      if (from >= to) return;
      const at = from - first;
      const room = target.subarray(at * PAGE_SIZE, (to - first) * PAGE_SIZE);
      source.read(from - base, to - from, room, present.subarray(at, to - first));
    });
  }

  close(): void {
    for (const source of this.#sources) source.close();
  }
}

/** `sources` as one; the only one itself if there is one. */
export function joinSources(name: string, sources: readonly PageSource[]): PageSource {
  const [only] = sources;
  return sources.length === 1 && only !== undefined ? only : new JoinedSource(name, sources);
}

/** The error for pages that cannot be had. */
export function pagesError(message: string, cause?: unknown): ZswapError {
  return new ZswapError('ZSWAP_PAGES', message, cause === undefined ? {} : { cause });
}

/** The system's code of a failed call, such as `EACCES`; empty if it has none. */
export function systemCode(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return typeof code === 'string' ? code : '';
}
