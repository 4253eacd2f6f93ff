/**
 * The frame of the commands that ask a running daemon: the command line read, help and version
 * answered without a daemon, and its control socket found.
 */
import { EXIT_OK, type Command } from '../command.ts';
import {
  parseArguments,
  renderHelp,
  resolveOptions,
  type HelpSpec,
  type OptionTable,
  type PositionalSpec,
} from '../options/args.ts';
import { VERSION } from '../version.ts';
import { CONTROL_OPTION, findControlPath } from './control-client.ts';

/** What such a command is. */
export interface AskingSpec {
  readonly name: string;
  readonly description: readonly string[];
  readonly positional?: PositionalSpec;
  /** What is printed with `--json`, for the help text. */
  readonly json: string;
}

/** What its command line says. */
export interface Asked {
  readonly positionals: readonly string[];
  readonly json: boolean;
  /** Path of the control socket. */
  readonly path: string;
}

/**
 * A command that asks a running daemon, with the options `--control` and `--json`.
 *
 * @param ask - asks, and resolves to the text to print; throws as {@link Command} does
 */
export function askingCommand(
  { json: jsonHelp, ...spec }: AskingSpec,
  ask: (asked: Asked) => Promise<string>,
): Command {
  const options = {
    ...CONTROL_OPTION,
    json: { kind: 'switch', help: jsonHelp },
  } as const satisfies OptionTable;
  const help: HelpSpec = { ...spec, options };
  return {
    help,
    run: async (argv, { out, environment }) => {
      const parsed = parseArguments(options, argv, spec.positional);
      if (parsed.help || parsed.version) {
        out(parsed.help ? renderHelp(help) : `${VERSION}\n`);
        return EXIT_OK;
      }
      const { control, json } = resolveOptions(options, parsed.given);
      const path = control ?? findControlPath(environment);
      out(await ask({ positionals: parsed.positionals, json: json ?? false, path }));
      return EXIT_OK;
    },
  };
}
