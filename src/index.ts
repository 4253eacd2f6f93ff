/**
 * The public API: an engine that holds swapped pages, and an NBD server that offers its disks.
 */
export { openEngine } from './cli/engine/open-engine.ts';
export type { Engine } from './cli/engine/engine.ts';
export type { EngineOptions } from './cli/engine/engine-options.ts';
export type { EngineExport, ExportState } from './blk/export-table.ts';
export { createNbdServer } from './nbd/server.ts';
export type { NbdServer, NbdServerOptions } from './nbd/server.ts';
export type { BlkDisk, BlkRequest } from './blk/request.ts';
export type {
  MemcgStats,
  ParameterStats,
  RejectReason,
  StatsSnapshot,
  SwapEvents,
  ZswapStats,
} from './metrics/snapshot.ts';
export { ERROR_CODES, ZswapError } from './std/error.ts';
export type { ErrorCode } from './std/error.ts';
