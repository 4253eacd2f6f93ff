/**
 * `zswapd top`: a running daemon second by second, on a terminal; elsewhere, and with `--once` or
 * `--json`, one look with the rates of the second before it.
 */
import { compressionRatio, exportFigures, pageRates } from '../../metrics/figures.ts';
import type { ExportColumn } from '../../metrics/figures.ts';
import { EXIT_OK, type Command } from '../command.ts';
import { CONTROL_OPTION, findControlPath } from '../control/control-client.ts';
import { askStats } from '../control/stats-client.ts';
import { parseArguments, renderHelp, resolveOptions, type OptionTable } from '../options/args.ts';
import { renderTop, SORT_NAMES, type Looks } from '../top/screen.ts';
import { LOOK_MS, TopSession } from '../top/session.ts';
import { Terminal } from '../top/terminal.ts';
import { VERSION } from '../version.ts';

function parseSort(text: string): ExportColumn {
  const column = SORT_NAMES.get(text.toLowerCase());
  if (column !== undefined) return column;
  throw new RangeError(`'${text}' is no column; it takes ${[...SORT_NAMES.keys()].join(', ')}`);
}

const OPTIONS = {
  ...CONTROL_OPTION,
  sort: {
    kind: 'value',
    value: 'COLUMN',
    parse: parseSort,
    preset: 'in-pool',
    help: `sort the exports by ${[...SORT_NAMES.keys()].join(', ')}`,
  },
  once: { kind: 'switch', help: 'print one look and exit, as where there is no terminal' },
  json: { kind: 'switch', help: 'print one look as JSON and exit' },
} as const satisfies OptionTable;

const HELP = {
  name: 'top',
  description: [
    'Show a running daemon second by second: the pool, its rates, and the exports, sorted.',
    'Keys: q quits, s and the left and right arrows choose the column, r turns its order round, ' +
      'the up and down arrows scroll. NO_COLOR leaves the colours out.',
  ],
  options: OPTIONS,
};

async function takeLooks(path: string): Promise<Looks> {
  const before = await askStats(path);
  await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  return { now: await askStats(path), before };
}

/** The figures behind the text, in bytes and pages a second. */
function topJson({ now, before }: Looks): unknown {
  return {
    uptime_seconds: now.process.uptime_seconds,
    pool_bytes: now.zswap.pool_total_size,
    pool_limit_bytes: now.parameters.pool_size,
    stored_pages: now.zswap.stored_pages,
    ratio: compressionRatio(now),
    pages_per_second: pageRates(before, now),
    exports: exportFigures(before, now),
  };
}

export const command: Command = {
  help: HELP,
  run: async (argv, { out, environment }) => {
    const parsed = parseArguments(OPTIONS, argv);
    if (parsed.help || parsed.version) {
      out(parsed.help ? renderHelp(HELP) : `${VERSION}\n`);
      return EXIT_OK;
    }
    const options = resolveOptions(OPTIONS, parsed.given);
    const path = options.control ?? findControlPath(environment);
    const column = options.sort ?? 'compressedBytes';
    const { stdin, stdout } = process;
    if (options.json) {
      out(`${JSON.stringify(topJson(await takeLooks(path)), undefined, 2)}\n`);
    } else if (options.once || !stdin.isTTY || !stdout.isTTY) {
      const view = { column, reversed: false, top: 0 };
      const size = { columns: Infinity, rows: Infinity, colour: false };
      out(`${renderTop(await takeLooks(path), view, size, '').join('\n')}\n`);
    } else {
      await new TopSession({
        ask: () => askStats(path),
        column,
        colour: (environment['NO_COLOR'] ?? '') === '',
        openTerminal: (events) => new Terminal(stdin, stdout, events),
      }).run();
    }
    return EXIT_OK;
  },
};
