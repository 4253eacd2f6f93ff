/**
 * What the daemon's main thread and the thread of a shard say to each other. Calls are answered in
 * any order; the rest are notices.
 */
import type { ExportState } from '../../blk/export-table.ts';
import type { StatsSnapshot } from '../../metrics/snapshot.ts';
import type { HandedConnection } from '../../nbd/socket/handover.ts';
import type { PortableError } from '../../std/portable-error.ts';
import type { EngineConfig } from '../config.ts';
import type { ExportConfig } from '../options/export-spec.ts';

/** What a shard's thread begins with. */
export interface ShardData {
  /** Its own exports, and its own place on the device. */
  readonly config: EngineConfig;
  /** Bytes of exports that its spill file is made for: of all shards, as exports may be added. */
  readonly spillFor: number;
  /** Of `createAccountMemory`. */
  readonly account: SharedArrayBuffer;
  /** Its number, from 0. */
  readonly shard: number;
}

/** What a shard does when it is called; the same as an engine's, but for its connections. */
export interface ShardCalls {
  /** Resolves when the engine is there. */
  opened(): Promise<void>;
  snapshot(): Promise<StatsSnapshot>;
  setParameter(name: string, value: string): Promise<string>;
  addExport(config: ExportConfig): Promise<void>;
  /** Ends the export's connections, too. */
  removeExport(name: string): Promise<void>;
  listExports(): Promise<ExportState[]>;
  reclaim(name: string, bytes: number): Promise<number>;
  /** Finishes the requests under way and closes the connections. */
  closeConnections(): Promise<void>;
  /** Closes the engine, and ends the thread. */
  close(): Promise<void>;
}

export type ShardVerb = keyof ShardCalls;

/** A call: what is to be done, with the arguments of that function. */
export interface ShardCall {
  readonly kind: 'call';
  readonly id: number;
  readonly verb: ShardVerb;
  readonly args: readonly unknown[];
}

export type ToShard =
  | ShardCall
  /** Go on with this connection. */
  | { readonly kind: 'connection'; readonly handed: HandedConnection }
  /** The descriptor of a finished connection may be closed now. */
  | { readonly kind: 'taken-back'; readonly fd: number }
  /** Another shard has found the pool full: write back, too. */
  | { readonly kind: 'shrink' }
  /** The others know that this one writes back; it may say so again. */
  | { readonly kind: 'heard' };

export type FromShard =
  | { readonly kind: 'value'; readonly id: number; readonly value: unknown }
  | { readonly kind: 'error'; readonly id: number; readonly error: PortableError }
  /** A connection has ended here. */
  | { readonly kind: 'finished'; readonly fd: number }
  /** This shard has found the pool full and writes back. */
  | { readonly kind: 'shrinking' };
