/** `zswapd set`: changes a parameter of a running daemon. */
import {
  parseArguments,
  renderHelp,
  resolveOptions,
  UsageError,
  type HelpSpec,
} from '../options/args.ts';
import type { OptionTable } from '../options/args.ts';
import { EXIT_OK, type Command } from '../command.ts';
import { askDaemon, CONTROL_OPTION, findControlPath } from '../control-client.ts';
import { VERSION } from '../version.ts';

const OPTIONS = {
  ...CONTROL_OPTION,
  json: { kind: 'switch', help: 'print JSON: name and value' },
} as const satisfies OptionTable;

const HELP: HelpSpec = {
  name: 'set',
  description: [
    'Change a parameter of a running daemon, and print the value that is in force then. It takes ' +
      'effect at its next use; what is stored stays readable.',
    'Parameters: enabled, compressor, max_pool_percent, pool_size, accept_threshold_percent, ' +
      'shrinker_enabled, shrinker_policy, zpool; of one export: NAME:memory.zswap.max (bytes ' +
      'or max) and NAME:memory.zswap.writeback (0 or 1).',
  ],
  options: OPTIONS,
  positional: { text: 'PARAM VALUE', count: 2 },
};

export const command: Command = {
  help: HELP,
  run: async (argv, { out, environment }) => {
    const parsed = parseArguments(OPTIONS, argv, HELP.positional);
    if (parsed.help || parsed.version) {
      out(parsed.help ? renderHelp(HELP) : `${VERSION}\n`);
      return EXIT_OK;
    }
    const { control, json } = resolveOptions(OPTIONS, parsed.given);
    const [name = '', value = ''] = parsed.positionals;
    const path = control ?? findControlPath(environment);
    const inForce = await askDaemon(path, { command: 'set', name, value }).catch(
      (error: unknown) => {
        if (!(error instanceof UsageError) || error.message.includes(name)) throw error;
        throw new UsageError(`${name}: ${error.message}`, { cause: error });
      },
    );
    out(json ? `${JSON.stringify({ name, value: inForce })}\n` : `${name} = ${String(inForce)}\n`);
    return EXIT_OK;
  },
};
