/** `zswapd serve` as a process of its own over the engine and the server for tests. */
import { runServe } from '../../src/cli/commands/serve.ts';
import { ZswapError } from '../../src/std/error.ts';
import type { EngineConfig } from '../../src/cli/config.ts';
import type { Serving } from '../../src/cli/daemon-parts.ts';
import { UsageError } from '../../src/cli/options/args.ts';
import { createGreetingServer } from './greeting-server.ts';
import { openMemoryEngine } from './memory-engine.ts';

const streams = {
  out: (text: string) => void process.stdout.write(text),
  environment: process.env,
};
const parts = {
  open: async (config: EngineConfig): Promise<Serving> => {
    const engine = await openMemoryEngine(config);
    // For tests of what happens while the daemon is ending: it never does.
    const forever = (): Promise<void> => new Promise(() => setInterval(() => {}, 1000));
    // And for tests of statistics that cannot be had: after those that are logged at the start.
    const snapshot = engine.snapshot.bind(engine);
    let snapshots = 0;
    if (process.env['ONE_SNAPSHOT'] === '1') {
      engine.snapshot = () => {
        snapshots += 1;
        return snapshots === 1 ? snapshot() : Promise.reject(new Error('not now'));
      };
    }
    return {
      engine: process.env['NEVER_CLOSE'] === '1' ? { ...engine, close: forever } : engine,
      nbd: createGreetingServer(),
    };
  },
  checkCompressor: () => {},
};

try {
  process.exitCode = await runServe(process.argv.slice(2), streams, () => Promise.resolve(parts));
} catch (error) {
  if (!(error instanceof UsageError || error instanceof ZswapError)) throw error;
  process.stderr.write(`zswapd: ${error.message}\n`);
  process.exitCode = error instanceof UsageError ? 2 : 1;
}
