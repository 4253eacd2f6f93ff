/** What every command of the program looks like to `main.ts`. */
import type { Environment } from './environment.ts';
import type { HelpSpec } from './options/args.ts';

export const EXIT_OK = 0;
/** The command was understood and failed. */
export const EXIT_FAILED = 1;
/** The command line was wrong. */
export const EXIT_USAGE = 2;

/** Where a command writes; a process's own streams, or a test's. */
export interface CommandStreams {
  /** Writes to standard output. */
  readonly out: (text: string) => void;
  readonly environment: Environment;
}

/** One command. */
export interface Command {
  readonly help: HelpSpec;
  /**
   * Runs it.
   *
   * @returns the exit status
   * @throws UsageError for a wrong command line, ZswapError for what failed
   */
  run(argv: readonly string[], streams: CommandStreams): Promise<number>;
}
