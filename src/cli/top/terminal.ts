/**
 * A terminal that is drawn on as a whole: its other screen, no cursor, and keys as they are
 * pressed. However the process ends, short of SIGKILL, the terminal is left as it was.
 */
import { writeSync } from 'node:fs';
import type { ReadStream, WriteStream } from 'node:tty';
import { readKeys, type Key } from './keys.ts';

const ENTER = '\u001b[?1049h\u001b[?25l';
const LEAVE = '\u001b[?25h\u001b[?1049l';
const HOME = '\u001b[H';
const CLEAR_LINE = '\u001b[K';
const CLEAR_BELOW = '\u001b[J';

const END_SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** A terminal's output; standard output is one. */
export type TerminalOutput = WriteStream & { readonly fd: number };

export interface TerminalEvents {
  key(key: Key): void;
  /** The size has changed, or the screen was somebody else's meanwhile. */
  redraw(): void;
}

export class Terminal {
  readonly #input: ReadStream;
  readonly #output: TerminalOutput;
  readonly #events: TerminalEvents;
  #isEntered = false;
  readonly #leave = (): void => this.#leaveScreen();
  readonly #quit = (): void => this.#events.key('quit');
  readonly #resized = (): void => this.#events.redraw();
  readonly #continued = (): void => {
    this.#enterScreen();
    this.#events.redraw();
  };
  readonly #received = (text: string): void => {
    for (const key of readKeys(text)) {
      if (key === 'suspend') this.#suspend();
      else this.#events.key(key);
    }
  };

  /** Takes the terminal until {@link close}. */
  constructor(input: ReadStream, output: TerminalOutput, events: TerminalEvents) {
    this.#input = input;
    this.#output = output;
    this.#events = events;
    process.on('exit', this.#leave);
    for (const signal of END_SIGNALS) process.on(signal, this.#quit);
    process.on('SIGCONT', this.#continued);
    output.on('resize', this.#resized);
    input.setEncoding('utf8').on('data', this.#received);
    input.once('end', this.#quit);
    this.#enterScreen();
  }

  get columns(): number {
    return this.#output.columns || 80;
  }

  get rows(): number {
    return this.#output.rows || 24;
  }

  /** Shows lines from the top; what was there is gone. */
  draw(lines: readonly string[]): void {
    const text = lines.slice(0, this.rows).join(`${CLEAR_LINE}\r\n`);
    this.#output.write(`${HOME}${text}${CLEAR_LINE}${CLEAR_BELOW}`);
  }

  /** Gives the terminal back. */
  close(): void {
    this.#leaveScreen();
    process.off('exit', this.#leave);
    for (const signal of END_SIGNALS) process.off(signal, this.#quit);
    process.off('SIGCONT', this.#continued);
    this.#output.off('resize', this.#resized);
    this.#input.off('data', this.#received).off('end', this.#quit);
    this.#input.pause();
  }

  #suspend(): void {
    this.#leaveScreen();
    process.kill(process.pid, 'SIGTSTP');
  }

  #enterScreen(): void {
    if (this.#isEntered) return;
    this.#isEntered = true;
    this.#input.setRawMode(true);
    this.#input.resume();
    this.#output.write(ENTER);
  }

  #leaveScreen(): void {
    if (!this.#isEntered) return;
    this.#isEntered = false;
    try {
      this.#input.setRawMode(false);
      // At the end of the process nothing else is still written.
      writeSync(this.#output.fd, LEAVE);
    } catch {
      // The terminal is gone, and so is what there was to restore.
    }
  }
}
