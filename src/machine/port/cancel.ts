/** Abandoning several calls at once, with one listener on the caller's signal. */
import type { AbortSignalLike } from '../api.ts';

export class Cancel implements AbortSignalLike {
  aborted = false;
  reason: unknown;
  readonly #listeners = new Set<() => void>();
  readonly #followed: AbortSignalLike | undefined;
  readonly #onAbort = (): void => this.abort(this.#followed?.reason);

  /** @param followed - aborts this one, too, until {@link release} */
  constructor(followed?: AbortSignalLike) {
    this.#followed = followed;
    followed?.addEventListener('abort', this.#onAbort);
    if (followed?.aborted === true) this.#onAbort();
  }

  addEventListener(_type: 'abort', listener: () => void): void {
    this.#listeners.add(listener);
  }

  removeEventListener(_type: 'abort', listener: () => void): void {
    this.#listeners.delete(listener);
  }

  abort(reason: unknown): void {
    if (this.aborted) return;
    this.aborted = true;
    this.reason = reason;
    for (const listener of this.#listeners) listener();
  }

  release(): void {
    this.#followed?.removeEventListener('abort', this.#onAbort);
  }
}
