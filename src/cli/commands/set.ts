/** `zswapd set`: changes a parameter of a running daemon. */
import type { Command } from '../command.ts';
import { askDaemon } from '../control/control-client.ts';
import { askingCommand } from '../control/asking-command.ts';
import { UsageError } from '../options/args.ts';

export const command: Command = askingCommand(
  {
    name: 'set',
    description: [
      'Change a parameter of a running daemon, and print the value that is in force then. It ' +
        'takes effect at its next use; what is stored stays readable.',
      'Parameters: enabled, compressor, max_pool_percent, pool_size, accept_threshold_percent, ' +
        'shrinker_enabled, shrinker_policy, zpool; of one export: NAME:memory.zswap.max (bytes ' +
        'or max) and NAME:memory.zswap.writeback (0 or 1).',
    ],
    positional: { text: 'PARAM VALUE', count: 2 },
    json: 'print JSON: name and value',
  },
  async ({ positionals: [name = '', value = ''], json, path }) => {
    const inForce = await askDaemon(path, { command: 'set', name, value }).catch(
      (error: unknown) => {
        if (!(error instanceof UsageError) || error.message.includes(name)) throw error;
        throw new UsageError(`${name}: ${error.message}`, { cause: error });
      },
    );
    return json
      ? `${JSON.stringify({ name, value: inForce })}\n`
      : `${name} = ${String(inForce)}\n`;
  },
);
