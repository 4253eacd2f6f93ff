/** `zswapd top` on a terminal: asks once a second, draws, and does what the keys say. */
import type { ExportColumn } from '../../metrics/figures.ts';
import type { StatsSnapshot } from '../../metrics/snapshot.ts';
import type { Key } from './keys.ts';
import {
  renderTop,
  SORT_COLUMNS,
  visibleRows,
  type Looks,
  type ScreenSize,
  type TableView,
} from './screen.ts';
import type { Terminal, TerminalEvents } from './terminal.ts';

/** Between two questions. */
export const LOOK_MS = 1000;

const HELP = 'q quit  s ←→ sort  r reverse  ↑↓ scroll';

export interface SessionOptions {
  /** Asks the daemon; throws as the control client does. */
  readonly ask: () => Promise<StatsSnapshot>;
  readonly column: ExportColumn;
  readonly colour: boolean;
  readonly openTerminal: (events: TerminalEvents) => Terminal;
}

export class TopSession {
  readonly #options: SessionOptions;
  #view: TableView;
  #looks: Looks | undefined;
  #trouble: string | undefined;
  #terminal: Terminal | undefined;
  #endWait: () => void = () => {};
  #isOver = false;

  constructor(options: SessionOptions) {
    this.#options = options;
    this.#view = { column: options.column, reversed: false, top: 0 };
  }

  /**
   * Runs until somebody quits. The first question must be answered; a daemon that goes away later
   * is waited for.
   */
  async run(): Promise<void> {
    this.#looks = { now: await this.#options.ask(), before: undefined };
    this.#terminal = this.#options.openTerminal({
      key: (key) => this.#press(key),
      redraw: () => this.#draw(),
    });
    try {
      while (!this.#isOver) {
        this.#draw();
        await this.#wait();
        if (!this.#isOver) await this.#look();
      }
    } finally {
      this.#terminal.close();
    }
  }

  async #look(): Promise<void> {
    try {
      const now = await this.#options.ask();
      this.#looks = { now, before: this.#looks?.now };
      this.#trouble = undefined;
    } catch (error) {
      this.#trouble = error instanceof Error ? error.message : String(error);
    }
  }

  async #wait(): Promise<void> {
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, LOOK_MS);
      this.#endWait = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  #press(key: Key): void {
    if (key === 'quit') {
      this.#isOver = true;
      this.#endWait();
      return;
    }
    this.#view = this.#viewAfter(key);
    this.#draw();
  }

  #viewAfter(key: Key): TableView {
    const { column, reversed, top } = this.#view;
    const page = visibleRows(this.#size());
    const count = Object.keys(this.#looks?.now.memcg ?? {}).length;
    const scroll = (to: number): TableView => ({
      column,
      reversed,
      top: Math.max(0, Math.min(to, count - page)),
    });
    switch (key) {
      case 'next-column':
      case 'previous-column': {
        const step = key === 'next-column' ? 1 : -1;
        const at = SORT_COLUMNS.indexOf(column) + step + SORT_COLUMNS.length;
        return {
          column: SORT_COLUMNS[at % SORT_COLUMNS.length] ?? column,
          reversed: false,
          top: 0,
        };
      }
      case 'reverse':
        return { column, reversed: !reversed, top: 0 };
      case 'up':
        return scroll(top - 1);
      case 'down':
        return scroll(top + 1);
      case 'page-up':
        return scroll(top - page);
      case 'page-down':
        return scroll(top + page);
      case 'first':
        return scroll(0);
      case 'last':
        return scroll(count);
      case 'quit':
      case 'suspend':
        return this.#view;
    }
  }

  #size(): ScreenSize {
    const { columns = 80, rows = 24 } = this.#terminal ?? {};
    return { columns, rows, colour: this.#options.colour };
  }

  #draw(): void {
    if (this.#terminal === undefined || this.#looks === undefined) return;
    const last = this.#trouble === undefined ? HELP : `Old figures: ${this.#trouble}`;
    this.#terminal.draw(renderTop(this.#looks, this.#view, this.#size(), last));
  }
}
