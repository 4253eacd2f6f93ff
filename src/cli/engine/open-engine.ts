/** Opening an engine: its codecs, the device that it spills to, and the exports it begins with. */
import { totalmem } from 'node:os';
import type { Codec } from '../../codec/codec.ts';
import { openWarmCodec } from '../../codec/warm-up.ts';
import { openSpill } from '../../engine/spill.ts';
import { EngineStack } from '../../engine/stack.ts';
import { NodeRt } from '../../rt/rt-node.ts';
import { present } from '../../std/assert.ts';
import { PAGE_SIZE, pagesOf } from '../../std/units.ts';
import { Backing } from '../../swap/backing.ts';
import type { FileDevice } from '../../swap/device/device-file.ts';
import { withDefaults, type EngineOptions } from './engine-options.ts';
import { Engine } from './engine.ts';

/**
 * A spill file's capacity is fixed when it is opened, and exports may be added later: so many times
 * the pages of those at the start. It is a hole, so it costs nothing but its apparent size.
 */
const SPILL_FILE_GROWTH = 16;

type Codecs = ReadonlyMap<string, Codec>;

/**
 * Opens everything that the options name. Nothing stays open if a part cannot be had.
 *
 * @throws TypeError or RangeError for a name or number that cannot be; `ZswapError` for a device or
 *   a compressor that cannot be had, or exports that do not fit
 */
export async function openEngine(options: EngineOptions): Promise<Engine> {
  const config = withDefaults(options);
  const rt = new NodeRt();
  // Before the device, so that a bad name leaves nothing to close.
  const codecs = new Map<string, Codec>();
  for (const spec of [config.compressor, ...config.exports.map((e) => e.compressor)]) {
    if (spec !== undefined && !codecs.has(spec)) codecs.set(spec, await openWarmCodec(spec, rt));
  }
  const { spill } = config;
  const device = spill === undefined ? undefined : await openSpillFile(config, spill, rt);
  try {
    return assemble(config, codecs, rt, device && new Backing(device, rt));
  } catch (error) {
    await device?.close();
    throw error;
  }
}

/** Makes the engine over what has been opened. */
function assemble(
  config: Required<EngineOptions>,
  codecs: Codecs,
  rt: NodeRt,
  backing: Backing | undefined,
): Engine {
  const { trace, ...stackConfig } = config;
  const stack = new EngineStack(
    {
      ...stackConfig,
      totalRamPages: Math.floor(totalmem() / PAGE_SIZE),
      codec: present(codecs.get(config.compressor)),
    },
    rt,
    backing,
  );
  const engine = new Engine(stack, trace);
  for (const each of config.exports) {
    const { compressor } = each;
    engine.table.add(each, compressor === undefined ? undefined : present(codecs.get(compressor)));
  }
  return engine;
}

/** Opens the device that pages are spilled to; a file with room for exports added later. */
function openSpillFile(
  { exports, reset, spillFor }: Required<EngineOptions>,
  path: string,
  rt: NodeRt,
): Promise<FileDevice> {
  const own = exports.reduce((sum, each) => sum + pagesOf(each.sizeBytes), 0);
  const leastPages = spillFor === undefined ? own : pagesOf(spillFor);
  return openSpill({ path, pages: leastPages * SPILL_FILE_GROWTH, leastPages, reset }, rt);
}
