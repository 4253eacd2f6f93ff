/** `zswapd stat`: the statistics of a running daemon. */
import type { StatsSnapshot } from '../../metrics/snapshot.ts';
import { ZswapError } from '../../std/error.ts';
import { parseArguments, renderHelp, resolveOptions, type HelpSpec } from '../options/args.ts';
import type { OptionTable } from '../options/args.ts';
import { EXIT_OK, type Command } from '../command.ts';
import { askDaemon, CONTROL_OPTION, findControlPath } from '../control-client.ts';
import { formatStats } from '../../metrics/table.ts';
import { VERSION } from '../version.ts';

const OPTIONS = {
  ...CONTROL_OPTION,
  json: { kind: 'switch', help: 'print JSON, as /api/stats does' },
} as const satisfies OptionTable;

const HELP: HelpSpec = {
  name: 'stat',
  description: ['Print the statistics of a running daemon, by the names of the kernel.'],
  options: OPTIONS,
};

function isSnapshot(value: unknown): value is StatsSnapshot {
  if (typeof value !== 'object' || value === null) return false;
  const sections = ['zswap', 'rejects', 'vmstat', 'parameters', 'memcg', 'process'];
  return sections.every((name) => Object.hasOwn(value, name));
}

export const command: Command = {
  help: HELP,
  run: async (argv, { out, environment }) => {
    const { given, help, version } = parseArguments(OPTIONS, argv);
    if (help || version) {
      out(help ? renderHelp(HELP) : `${VERSION}\n`);
      return EXIT_OK;
    }
    const { control, json } = resolveOptions(OPTIONS, given);
    const path = control ?? findControlPath(environment);
    const stats = await askDaemon(path, { command: 'stat' });
    if (!isSnapshot(stats)) {
      throw new ZswapError('ZSWAP_CONTROL', `what answers at '${path}' gives no statistics`);
    }
    out(json ? `${JSON.stringify(stats, undefined, 2)}\n` : formatStats(stats));
    return EXIT_OK;
  },
};
