/** `zswapd stat`: the statistics of a running daemon. */
import { formatStats } from '../../metrics/table.ts';
import type { Command } from '../command.ts';
import { askingCommand } from '../control/asking-command.ts';
import { askStats } from '../control/stats-client.ts';

export const command: Command = askingCommand(
  {
    name: 'stat',
    description: ['Print the statistics of a running daemon, by the names of the kernel.'],
    json: 'print JSON, as /api/stats does',
  },
  async ({ json, path }) => {
    const stats = await askStats(path);
    return json ? `${JSON.stringify(stats, undefined, 2)}\n` : formatStats(stats);
  },
);
