/**
 * `--export NAME:SIZE[,key=value…]` and its table in the configuration file: one disk and the
 * limits of the tenant behind it.
 */
import { PAGE_SIZE } from '../../std/units.ts';
import { formatSize, parseCompressor, parseSize, parseSwitch, parseZswapMax } from './values.ts';

/** One export. */
export interface ExportConfig {
  readonly name: string;
  /** A positive multiple of 4096. */
  readonly sizeBytes: number;
  /** Compressed bytes it may hold (kernel `memory.zswap.max`). */
  readonly zswapMax: number | 'max';
  /** Whether its pages may go to the device (kernel `memory.zswap.writeback`). */
  readonly zswapWriteback: boolean;
  /** `NAME` or `NAME:LEVEL`; undefined takes the daemon's. */
  readonly compressor: string | undefined;
}

/** NBD limits a name to 4096 bytes; ours also goes into URIs, labels and tables. */
const NAME_FORM = /^[A-Za-z0-9_][A-Za-z0-9_.+@-]{0,127}$/;

const KEYS = ['zswap.max', 'zswap.writeback', 'compressor'] as const;

function parseName(text: string): string {
  if (NAME_FORM.test(text)) return text;
  throw new RangeError(
    `'${text}' is not an export name; it takes up to 128 letters, digits and _ . + @ -`,
  );
}

function parseExportSize(text: string): number {
  const sizeBytes = parseSize(text);
  if (sizeBytes === 0 || sizeBytes % PAGE_SIZE !== 0) {
    throw new RangeError(`'${text}' is not a size of whole pages (a multiple of 4096 above 0)`);
  }
  return sizeBytes;
}

/**
 * Builds an export from named texts: `name`, `size` and the optional keys.
 *
 * @throws RangeError for an unknown key, a missing one or a bad value, naming it
 */
export function exportFromFields(fields: ReadonlyMap<string, string>): ExportConfig {
  for (const key of fields.keys()) {
    if (key !== 'name' && key !== 'size' && !KEYS.some((known) => known === key)) {
      throw new RangeError(`unknown key '${key}'; an export takes ${KEYS.join(', ')}`);
    }
  }
  const field = <T>(key: string, parse: (text: string) => T, fallback: T): T => {
    const text = fields.get(key);
    if (text === undefined) return fallback;
    try {
      return parse(text);
    } catch (error) {
      throw new RangeError(`${key}: ${error instanceof Error ? error.message : String(error)}`, {
        cause: error,
      });
    }
  };
  const name = fields.get('name');
  const size = fields.get('size');
  if (name === undefined || size === undefined) {
    throw new RangeError('an export needs a name and a size, for example swap:1G');
  }
  return {
    name: parseName(name),
    sizeBytes: parseExportSize(size),
    zswapMax: field('zswap.max', parseZswapMax, 'max'),
    zswapWriteback: field('zswap.writeback', parseSwitch, true),
    compressor: field<string | undefined>('compressor', parseCompressor, undefined),
  };
}

/** Reads `NAME:SIZE[,key=value…]`. */
export function parseExport(text: string): ExportConfig {
  const [head = '', ...rest] = text.split(',');
  const colon = head.indexOf(':');
  if (colon < 0) {
    throw new RangeError(`'${text}' is not an export; it takes NAME:SIZE[,key=value…]`);
  }
  const fields = new Map([
    ['name', head.slice(0, colon)],
    ['size', head.slice(colon + 1)],
  ]);
  for (const part of rest) {
    const equals = part.indexOf('=');
    const key = equals < 0 ? part : part.slice(0, equals);
    if (equals < 0) throw new RangeError(`'${part}' is not key=value (keys: ${KEYS.join(', ')})`);
    if (fields.has(key)) throw new RangeError(`'${key}' is given twice, or is not a key`);
    fields.set(key, part.slice(equals + 1));
  }
  return exportFromFields(fields);
}

/** The text that {@link parseExport} reads back. */
export function formatExport(config: ExportConfig): string {
  const parts = [`${config.name}:${formatSize(config.sizeBytes)}`];
  if (config.zswapMax !== 'max') parts.push(`zswap.max=${formatSize(config.zswapMax)}`);
  if (!config.zswapWriteback) parts.push('zswap.writeback=0');
  if (config.compressor !== undefined) parts.push(`compressor=${config.compressor}`);
  return parts.join(',');
}
