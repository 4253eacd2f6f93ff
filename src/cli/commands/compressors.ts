/** `zswapd compressors`: the compressors there are. */
import { parseArguments, renderHelp, resolveOptions, type HelpSpec } from '../options/args.ts';
import type { OptionTable } from '../options/args.ts';
import type { CompressorDescription } from '../../codec/registry.ts';
import { EXIT_OK, type Command } from '../command.ts';
import { DEFAULT_COMPRESSOR } from '../options/serve-options.ts';
import { VERSION } from '../version.ts';

const OPTIONS = {
  json: { kind: 'switch', help: 'print JSON' },
} as const satisfies OptionTable;

const HELP: HelpSpec = {
  name: 'compressors',
  description: ['List the compressors, their levels and what carries them out here.'],
  options: OPTIONS,
};

/** The list for people: name, levels, implementation, description. */
export function formatCompressors(list: readonly CompressorDescription[]): string {
  const rows = list.map(({ name, levels, implementation, description }) => [
    name === DEFAULT_COMPRESSOR ? `${name} (default)` : name,
    levels === undefined ? '-' : `${levels.min}..${levels.max}, ${levels.default}`,
    implementation,
    description,
  ]);
  const all = [['name', 'levels', 'implementation', 'description'], ...rows];
  const widths = [0, 1, 2].map((index) => Math.max(...all.map((row) => (row[index] ?? '').length)));
  const lines = all.map((row) =>
    row
      .map((cell, index) => cell.padEnd(widths[index] ?? 0))
      .join('  ')
      .trimEnd(),
  );
  return `${lines.join('\n')}\n`;
}

export const command: Command = {
  help: HELP,
  run: async (argv, { out }) => {
    const { given, help, version } = parseArguments(OPTIONS, argv);
    if (help || version) {
      out(help ? renderHelp(HELP) : `${VERSION}\n`);
      return EXIT_OK;
    }
    const { json } = resolveOptions(OPTIONS, given);
    const { describeCompressors } = await import('../../codec/registry.ts');
    const list = describeCompressors();
    out(json ? `${JSON.stringify(list, undefined, 2)}\n` : formatCompressors(list));
    return EXIT_OK;
  },
};
