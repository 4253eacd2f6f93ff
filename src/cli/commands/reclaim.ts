/** `zswapd reclaim`: proactive writeback of an export of a running daemon. */
import { ZswapError } from '../../std/error.ts';
import type { Command } from '../command.ts';
import { askDaemon } from '../control/control-client.ts';
import { askingCommand } from '../control/asking-command.ts';
import { UsageError } from '../options/args.ts';
import { parseSize } from '../options/values.ts';

function askedBytes(text: string): number {
  try {
    return parseSize(text);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new UsageError(`BYTES: ${error.message}`, { cause: error });
  }
}

export const command: Command = askingCommand(
  {
    name: 'reclaim',
    description: [
      'Write the coldest pages of an export back from the pool to the spill device, until about ' +
        'BYTES compressed bytes are free, and print how many are. Fewer than asked for is no ' +
        'error: there were no more, or they were in use. Sizes are bytes, or 512K, 64M, 1G.',
      'The same as memory.reclaim with source=zswap of a memory group.',
    ],
    positional: { text: 'EXPORT BYTES', count: 2 },
    json: 'print JSON: export, asked_bytes, written_back_bytes',
  },
  async ({ positionals: [name = '', bytes = ''], json, path }) => {
    const asked = askedBytes(bytes);
    const written = await askDaemon(path, { command: 'reclaim', name, bytes }, Infinity);
    if (typeof written !== 'number') {
      throw new ZswapError('ZSWAP_CONTROL', `what answers at '${path}' gives no number of bytes`);
    }
    const result = { export: name, asked_bytes: asked, written_back_bytes: written };
    if (json) return `${JSON.stringify(result)}\n`;
    const fewer = written < asked ? `, of ${asked} asked for: there was no more to be had` : '';
    return `${name}: ${written} bytes written back${fewer}\n`;
  },
);
