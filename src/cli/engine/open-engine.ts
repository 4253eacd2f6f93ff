/** Opening an engine: its codecs, the device that it spills to, and the exports it begins with. */
import { statSync } from 'node:fs';
import { openCodec } from '../../codec/registry.ts';
import { NodeRt } from '../../rt/rt-node.ts';
import { present } from '../../std/assert.ts';
import { ZswapError } from '../../std/error.ts';
import { pagesOf } from '../../std/units.ts';
import { Backing } from '../../swap/backing.ts';
import { BIOS_IN_FLIGHT_MAX } from '../../swap/bio-pool.ts';
import { BIO_PAGES } from '../../swap/device/device.ts';
import { openFileDevice, type FileDevice } from '../../swap/device/device-file.ts';
import { DEVICE_PAGES_MAX } from '../../swap/table.ts';
import { withDefaults, type EngineOptions } from './engine-options.ts';
import { Engine } from './engine.ts';

/**
 * Pages that a spill file has beyond the exports': an overwritten page keeps its old place until
 * the new one is acknowledged, so as many as can be in flight may be held twice.
 */
const OUT_OF_PLACE_PAGES = BIOS_IN_FLIGHT_MAX * BIO_PAGES;

/**
 * A spill file's capacity is fixed when it is opened, and exports may be added later: so many times
 * the pages of those at the start. It is a hole, so it costs nothing but its apparent size.
 */
const SPILL_FILE_GROWTH = 16;

type Codecs = ReadonlyMap<string, Awaited<ReturnType<typeof openCodec>>>;

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
  const codecs = new Map<string, Awaited<ReturnType<typeof openCodec>>>();
  for (const spec of [config.compressor, ...config.exports.map((e) => e.compressor)]) {
    if (spec !== undefined && !codecs.has(spec)) codecs.set(spec, await openCodec(spec));
  }
  const device = config.spill === undefined ? undefined : await openSpill(config, config.spill, rt);
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
  const engine = new Engine(config, rt, backing);
  engine.zswap.setCurrentPool(
    present(codecs.get(config.compressor)),
    config.zpool,
    engine.createZpool,
  );
  for (const each of config.exports) {
    const { compressor } = each;
    engine.table.add(each, compressor === undefined ? undefined : present(codecs.get(compressor)));
  }
  return engine;
}

/** Opens the device that pages are spilled to; a file with room for exports added later. */
async function openSpill(
  { exports, reset }: Required<EngineOptions>,
  path: string,
  rt: NodeRt,
): Promise<FileDevice> {
  if (isBlockDevice(path)) return openFileDevice({ path, pageCount: 0, reset, rt });
  const swapPages = exports.reduce((sum, each) => sum + pagesOf(each.sizeBytes), 0);
  const open = (pages: number): Promise<FileDevice> =>
    openFileDevice({
      path,
      pageCount: Math.min(pages, DEVICE_PAGES_MAX) + OUT_OF_PLACE_PAGES,
      reset,
      rt,
    });
  try {
    return await open(swapPages * SPILL_FILE_GROWTH);
  } catch (error) {
    // The file system may not have files so large; what is needed now is worth a try.
    if (!(error instanceof ZswapError) || error.code !== 'ZSWAP_DEVICE_OPEN') throw error;
    return open(swapPages);
  }
}

function isBlockDevice(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isBlockDevice() ?? false;
}
