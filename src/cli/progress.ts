/**
 * How far a long command is, on stderr: nothing for two seconds, then a line that is written over
 * on a terminal, and now and then a new one elsewhere.
 */

/** What progress is written to. */
export interface ProgressStream {
  readonly isTTY?: boolean;
  write(text: string): unknown;
}

const QUIET_MS = 2000;
const TERMINAL_EVERY_MS = 100;
const FILE_EVERY_MS = 10_000;
const ERASE_LINE = '\r\u001B[K';

export class Progress {
  readonly #stream: ProgressStream;
  readonly #nowMs: () => number;
  readonly #startMs: number;
  #lastMs = 0;
  #isShown = false;

  constructor(stream: ProgressStream = process.stderr, nowMs: () => number = Date.now) {
    this.#stream = stream;
    this.#nowMs = nowMs;
    this.#startMs = nowMs();
  }

  /** @param describe - is called only when it is time to show something */
  update(describe: () => string): void {
    const now = this.#nowMs();
    if (now - this.#startMs < QUIET_MS) return;
    const every = this.#stream.isTTY === true ? TERMINAL_EVERY_MS : FILE_EVERY_MS;
    if (this.#isShown && now - this.#lastMs < every) return;
    this.#lastMs = now;
    this.#isShown = true;
    const text = describe();
    this.#stream.write(this.#stream.isTTY === true ? `${ERASE_LINE}${text}` : `${text}\n`);
  }

  /** Takes the line away. */
  end(): void {
    if (this.#isShown && this.#stream.isTTY === true) this.#stream.write(ERASE_LINE);
  }
}
