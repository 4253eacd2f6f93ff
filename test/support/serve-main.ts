/** `zswapd serve` as a process of its own over the engine and the server for tests. */
import { runServe } from '../../src/cli/commands/serve.ts';
import { ZswapError } from '../../src/std/error.ts';
import { UsageError } from '../../src/cli/options/args.ts';
import { createGreetingServer } from './greeting-server.ts';
import { openMemoryEngine } from './memory-engine.ts';

const streams = {
  out: (text: string) => void process.stdout.write(text),
  environment: process.env,
};
const parts = {
  openEngine: openMemoryEngine,
  createNbdServer: createGreetingServer,
  compressorNames: () => ['lz4', 'zstd'],
};

try {
  process.exitCode = await runServe(process.argv.slice(2), streams, () => Promise.resolve(parts));
} catch (error) {
  if (!(error instanceof UsageError || error instanceof ZswapError)) throw error;
  process.stderr.write(`zswapd: ${error.message}\n`);
  process.exitCode = error instanceof UsageError ? 2 : 1;
}
