/**
 * The public API: memory that is larger than RAM; and an engine that holds swapped pages, with an
 * NBD server that offers its disks.
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
export { connectMachine } from './machine/port/client.ts';
export { openMachine } from './machine/machine.ts';
export type {
  AbortSignalLike,
  AsyncRegion,
  Group,
  GroupLimits,
  GroupOptions,
  GroupStats,
  Machine,
  MachineOptions,
  MachineStats,
  MapOptions,
  Pin,
  PinOptions,
  PoolOptions,
  Region,
  Size,
  SwapDeviceOptions,
  WaitOptions,
} from './machine/api.ts';
export type {
  MachineClient,
  PortLike,
  RemotePin,
  RemoteRegion,
  ServeOptions,
} from './machine/port/api.ts';
export { CHANNELS } from './machine/channels.ts';
export type { FaultEvent } from './mm/mm.ts';
export type { MmEvents, OrderEvents } from './mm/stats.ts';
export type { RejectEvent, WritebackEvent } from './zswap/zswap.ts';
export { ERROR_CODES, ZswapError } from './std/error.ts';
export type { ErrorCode } from './std/error.ts';
