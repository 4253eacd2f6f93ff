/** Counting what is under way, for those who have to wait for its end. */

/** Work that was begun and has not ended; who ends something waits until there is none. */
export class UnderWay {
  readonly #whole: UnderWay | undefined;
  #count = 0;
  #waiting: (() => void)[] = [];

  /** @param whole - what this is a part of */
  constructor(whole?: UnderWay) {
    this.#whole = whole;
  }

  get count(): number {
    return this.#count;
  }

  begin(): void {
    this.#count += 1;
    this.#whole?.begin();
  }

  end(): void {
    this.#count -= 1;
    this.#whole?.end();
    if (this.#count > 0) return;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resolve of waiting) resolve();
  }

  /** Resolves when nothing is under way. */
  async settled(): Promise<void> {
    while (this.#count > 0) {
      await new Promise<void>((resolve) => {
        this.#waiting.push(resolve);
      });
    }
  }
}
