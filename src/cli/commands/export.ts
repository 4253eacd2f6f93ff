/** `zswapd export`: adds, removes and lists the exports of a running daemon. */
import { ZswapError } from '../../std/error.ts';
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
import type { ControlRequest } from '../control.ts';
import type { ExportState } from '../../blk/export-table.ts';
import { parseExport } from '../options/export-spec.ts';
import { formatSize } from '../options/values.ts';
import { VERSION } from '../version.ts';

const OPTIONS = {
  ...CONTROL_OPTION,
  json: { kind: 'switch', help: 'print JSON: the name, or the list' },
} as const satisfies OptionTable;

const HELP: HelpSpec = {
  name: 'export',
  description: [
    'Change the exports of a running daemon. It keeps nothing of it: a restarted one has those ' +
      'of its command line and its configuration file.',
    'add NAME:SIZE[,key=value…] adds one, with the keys of serve --export.',
    'remove NAME removes one with all that it holds, and returns when it has gone. Its clients ' +
      'are disconnected, so swap it off there first. The empty name is the first that is left.',
    'list prints name, size and state.',
  ],
  options: OPTIONS,
  positional: { text: 'add EXPORT | remove NAME | list', count: 1, countMax: 2 },
};

/** What to ask for, by the words of the command line. */
function requestOf(action: string, word: string | undefined): ControlRequest {
  const command = 'export';
  if (action === 'list') {
    if (word === undefined) return { command, action };
    throw new UsageError(`'${word}': unexpected argument; list takes none`);
  }
  if (action === 'remove') {
    if (word !== undefined) return { command, action, name: word };
    throw new UsageError('missing argument; remove takes NAME');
  }
  if (action !== 'add') {
    throw new UsageError(`'${action}': unknown; there are add, remove, list`);
  }
  if (word === undefined)
    throw new UsageError('missing argument; add takes NAME:SIZE[,key=value…]');
  try {
    parseExport(word);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new UsageError(error.message, { cause: error });
  }
  return { command, action, export: word };
}

function isList(value: unknown): value is ExportState[] {
  return Array.isArray(value) && value.every((each) => typeof each === 'object' && each !== null);
}

function formatExports(list: readonly ExportState[]): string {
  const rows = [
    ['name', 'size', 'state'],
    ...list.map(({ name, size_bytes, state }) => [name, formatSize(size_bytes), state]),
  ];
  const widths = [0, 1].map((index) => Math.max(...rows.map((row) => (row[index] ?? '').length)));
  const lines = rows.map((row) =>
    row.map((cell, index) => cell.padEnd(widths[index] ?? 0)).join('  '),
  );
  return `${lines.join('\n')}\n`;
}

export const command: Command = {
  help: HELP,
  run: async (argv, { out, environment }) => {
    const parsed = parseArguments(OPTIONS, argv, HELP.positional);
    if (parsed.help || parsed.version) {
      out(parsed.help ? renderHelp(HELP) : `${VERSION}\n`);
      return EXIT_OK;
    }
    const { control, json } = resolveOptions(OPTIONS, parsed.given);
    const [action = '', word] = parsed.positionals;
    const request = requestOf(action, word);
    const path = control ?? findControlPath(environment);
    // A removal takes as long as the slowest of its clients.
    const result = await askDaemon(path, request, Infinity);
    if (json) {
      out(`${JSON.stringify(action === 'list' ? result : { name: result })}\n`);
    } else if (action !== 'list') {
      out(`${action === 'add' ? 'added' : 'removed'} ${String(result)}\n`);
    } else if (isList(result)) {
      out(formatExports(result));
    } else {
      throw new ZswapError('ZSWAP_CONTROL', `what answers at '${path}' gives no exports`);
    }
    return EXIT_OK;
  },
};
