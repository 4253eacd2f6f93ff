/** `zswapd stat`: the statistics of a running daemon. */
import type { StatsSnapshot } from '../../metrics/snapshot.ts';
import { formatStats } from '../../metrics/table.ts';
import { ZswapError } from '../../std/error.ts';
import type { Command } from '../command.ts';
import { askDaemon } from '../control/control-client.ts';
import { askingCommand } from '../control/asking-command.ts';

function isSnapshot(value: unknown): value is StatsSnapshot {
  if (typeof value !== 'object' || value === null) return false;
  const sections = ['zswap', 'rejects', 'vmstat', 'parameters', 'memcg', 'process'];
  return sections.every((name) => Object.hasOwn(value, name));
}

export const command: Command = askingCommand(
  {
    name: 'stat',
    description: ['Print the statistics of a running daemon, by the names of the kernel.'],
    json: 'print JSON, as /api/stats does',
  },
  async ({ json, path }) => {
    const stats = await askDaemon(path, { command: 'stat' });
    if (!isSnapshot(stats)) {
      throw new ZswapError('ZSWAP_CONTROL', `what answers at '${path}' gives no statistics`);
    }
    return json ? `${JSON.stringify(stats, undefined, 2)}\n` : formatStats(stats);
  },
);
