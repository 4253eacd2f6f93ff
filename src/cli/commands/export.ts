/** `zswapd export`: adds, removes and lists the exports of a running daemon. */
import type { ExportState } from '../../blk/export-table.ts';
import { ZswapError } from '../../std/error.ts';
import type { Command } from '../command.ts';
import { askDaemon } from '../control/control-client.ts';
import { askingCommand } from '../control/asking-command.ts';
import type { ControlRequest } from '../control/control-server.ts';
import { UsageError } from '../options/args.ts';
import { parseExport } from '../options/export-spec.ts';
import { formatSize } from '../options/values.ts';

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

export const command: Command = askingCommand(
  {
    name: 'export',
    description: [
      'Change the exports of a running daemon. It keeps nothing of it: a restarted one has those ' +
        'of its command line and its configuration file.',
      'add NAME:SIZE[,key=value…] adds one, with the keys of serve --export.',
      'remove NAME removes one with all that it holds, and returns when it has gone. Its clients ' +
        'are disconnected, so swap it off there first. The empty name is the first that is left.',
      'list prints name, size and state.',
    ],
    positional: { text: 'add EXPORT | remove NAME | list', count: 1, countMax: 2 },
    json: 'print JSON: the name, or the list',
  },
  async ({ positionals: [action = '', word], json, path }) => {
    const request = requestOf(action, word);
    // A removal takes as long as the slowest of its clients.
    const result = await askDaemon(path, request, Infinity);
    if (json) return `${JSON.stringify(action === 'list' ? result : { name: result })}\n`;
    if (action !== 'list') return `${action === 'add' ? 'added' : 'removed'} ${String(result)}\n`;
    if (isList(result)) return formatExports(result);
    throw new ZswapError('ZSWAP_CONTROL', `what answers at '${path}' gives no exports`);
  },
);
