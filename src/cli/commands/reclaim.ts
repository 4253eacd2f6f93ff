/** `zswapd reclaim`: proactive writeback of an export of a running daemon. */
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
import { parseSize } from '../options/values.ts';
import { VERSION } from '../version.ts';

const OPTIONS = {
  ...CONTROL_OPTION,
  json: { kind: 'switch', help: 'print JSON: export, asked_bytes, written_back_bytes' },
} as const satisfies OptionTable;

const HELP: HelpSpec = {
  name: 'reclaim',
  description: [
    'Write the coldest pages of an export back from the pool to the spill device, until about ' +
      'BYTES compressed bytes are free, and print how many are. Fewer than asked for is no ' +
      'error: there were no more, or they were in use. Sizes are bytes, or 512K, 64M, 1G.',
    'The same as memory.reclaim with source=zswap of a memory group.',
  ],
  options: OPTIONS,
  positional: { text: 'EXPORT BYTES', count: 2 },
};

function askedBytes(text: string): number {
  try {
    return parseSize(text);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new UsageError(`BYTES: ${error.message}`, { cause: error });
  }
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
    const [name = '', bytes = ''] = parsed.positionals;
    const asked = askedBytes(bytes);
    const path = control ?? findControlPath(environment);
    const request = { command: 'reclaim', name, bytes };
    const written = await askDaemon(path, request, Infinity);
    if (typeof written !== 'number') {
      throw new ZswapError('ZSWAP_CONTROL', `what answers at '${path}' gives no number of bytes`);
    }
    const result = { export: name, asked_bytes: asked, written_back_bytes: written };
    const fewer = written < asked ? `, of ${asked} asked for: there was no more to be had` : '';
    out(json ? `${JSON.stringify(result)}\n` : `${name}: ${written} bytes written back${fewer}\n`);
    return EXIT_OK;
  },
};
