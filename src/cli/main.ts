#!/usr/bin/env node
/**
 * The program: finds the command, runs it, and turns what it throws into one line and an exit
 * status. Commands are loaded when they are run, so a help text does not wait for the engine.
 */
import { pathToFileURL } from 'node:url';
import { realpathSync } from 'node:fs';
import { ZswapError } from '../std/error.ts';
import { UsageError } from './options/args.ts';
import { EXIT_FAILED, EXIT_OK, EXIT_USAGE } from './command.ts';
import type { Command, CommandStreams } from './command.ts';
import { VERSION } from './version.ts';

interface CommandRow {
  /** One line without a full stop. */
  readonly summary: string;
  readonly load: () => Promise<{ readonly command: Command }>;
}

/** Every command, in the order of the help text. */
const COMMANDS: Readonly<Record<string, CommandRow>> = {
  serve: {
    summary: 'serve compressed swap over NBD',
    load: () => import('./commands/serve.ts'),
  },
  stat: {
    summary: 'print the statistics of a running daemon',
    load: () => import('./commands/stat.ts'),
  },
  top: {
    summary: 'show a running daemon second by second',
    load: () => import('./commands/top.ts'),
  },
  set: {
    summary: 'change a parameter of a running daemon',
    load: () => import('./commands/set.ts'),
  },
  estimate: {
    summary: 'say what zswap would make of the pages of a process, a file or a dump',
    load: () => import('./commands/estimate.ts'),
  },
  tune: {
    summary: 'search compressor and pool size for the most memory gained',
    load: () => import('./commands/tune.ts'),
  },
  explore: {
    summary: 'run every interleaving of the protocol and check its rules',
    load: () => import('./commands/explore.ts'),
  },
  replay: {
    summary: 'say what zswap and other policies would do with a trace',
    load: () => import('./commands/replay.ts'),
  },
  reclaim: {
    summary: 'write cold pages of an export back to the spill device',
    load: () => import('./commands/reclaim.ts'),
  },
  export: {
    summary: 'add, remove and list the exports of a running daemon',
    load: () => import('./commands/export.ts'),
  },
  compressors: {
    summary: 'list the compressors',
    load: () => import('./commands/compressors.ts'),
  },
};

function renderOverview(): string {
  const width = Math.max(...Object.keys(COMMANDS).map((name) => name.length));
  const rows = Object.entries(COMMANDS).map(
    ([name, { summary }]) => `  ${name.padEnd(width)}  ${summary}`,
  );
  return [
    'Usage: zswapd COMMAND [options]',
    '',
    'Linux zswap as a userspace system: a compressed swap device over NBD.',
    '',
    'Commands:',
    ...rows,
    '',
    "'zswapd COMMAND --help' lists a command's options; --version prints the version.",
    'Exit status: 0 done, 1 failed, 2 wrong command line.',
    '',
  ].join('\n');
}

async function dispatch(argv: readonly string[], streams: CommandStreams): Promise<number> {
  const [name, ...rest] = argv;
  if (name === '--help' || name === '-h' || name === 'help') {
    const [about] = rest;
    if (name === 'help' && about !== undefined) return dispatch([about, '--help'], streams);
    streams.out(renderOverview());
    return EXIT_OK;
  }
  if (name === '--version') {
    streams.out(`${VERSION}\n`);
    return EXIT_OK;
  }
  const known = Object.keys(COMMANDS).join(', ');
  if (name === undefined) throw new UsageError(`no command given; there are ${known}`);
  const row = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (row === undefined) throw new UsageError(`unknown command '${name}'; there are ${known}`);
  return (await row.load()).command.run(rest, streams);
}

/** One line for what went wrong; broken invariants and other surprises keep their stack. */
function describeFailure(error: unknown): string {
  if (error instanceof UsageError || error instanceof ZswapError) {
    return `zswapd: ${error.message.replaceAll(/\s*\n\s*/g, ' ')}`;
  }
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return `zswapd: internal error: ${text}`;
}

/**
 * Runs a command line.
 *
 * @param argv - without the interpreter and the script
 * @returns the exit status
 */
export async function runMain(
  argv: readonly string[],
  streams: CommandStreams,
  fail: (line: string) => void,
): Promise<number> {
  try {
    return await dispatch(argv, streams);
  } catch (error) {
    fail(`${describeFailure(error)}\n`);
    return error instanceof UsageError ? EXIT_USAGE : EXIT_FAILED;
  }
}

const script = process.argv[1];
if (script !== undefined && import.meta.url === pathToFileURL(realpathSync(script)).href) {
  // A reader that has gone (`zswapd stat | head`) is no failure of ours.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
  });
  const streams = {
    out: (text: string) => void process.stdout.write(text),
    environment: process.env,
  };
  process.exitCode = await runMain(process.argv.slice(2), streams, (line) => {
    process.stderr.write(line);
  });
}
