/**
 * A shard's thread: an engine with the exports that live here, and an NBD server that goes on with
 * the connections it is handed. It listens nowhere.
 */
import { parentPort, workerData } from 'node:worker_threads';
import { createNbdAdopter, type NbdAdopter } from '../../nbd/server.ts';
import { assert } from '../../std/assert.ts';
import { encodeError } from '../../std/portable-error.ts';
import { PoolAccount } from '../../zpool/pool-account.ts';
import { daemonSnapshot } from '../daemon-stats.ts';
import type { Engine } from '../engine/engine.ts';
import { openEngine } from '../engine/open-engine.ts';
import type { FromShard, ShardCall, ShardCalls, ShardData, ToShard } from './protocol.ts';

assert(parentPort !== null, 'a shard runs on a thread of its own');
const port = parentPort;
const post = (message: FromShard): void => port.postMessage(message);

/**
 * Who waits until the main thread has taken a descriptor back, by its number. More than one, where
 * it was somebody else's for a moment and a new connection got it: each answer is leave to close it
 * once, whoever does.
 */
const givenBack = new Map<number, (() => void)[]>();

function giveBack(fd: number): Promise<void> {
  post({ kind: 'finished', fd });
  return new Promise((resolve) => {
    givenBack.set(fd, [...(givenBack.get(fd) ?? []), resolve]);
  });
}

function takenBack(fd: number): void {
  const [first, ...others] = givenBack.get(fd) ?? [];
  if (others.length > 0) givenBack.set(fd, others);
  else givenBack.delete(fd);
  first?.();
}

/** The main thread has not heard yet that this shard writes back. */
let isTelling = false;

/** Once at a time: a pool that nobody can write back begins a run with every page. */
function tellShrinking(): void {
  if (isTelling) return;
  isTelling = true;
  post({ kind: 'shrinking' });
}

async function open(): Promise<{ readonly engine: Engine; readonly nbd: NbdAdopter }> {
  const { config, spillFor, account, shard } = workerData as ShardData;
  const sharing = {
    account: new PoolAccount(account, shard),
    onShrink: tellShrinking,
  };
  const engine = await openEngine({ ...config, spillFor, sharing });
  return { engine, nbd: createNbdAdopter({ exports: () => engine.exports, rt: engine.rt }) };
}

const opening = open();
// Whoever calls hears of it.
opening.catch(() => {});

const CALLS: ShardCalls = {
  opened: async () => void (await opening),
  snapshot: async () => {
    const { engine, nbd } = await opening;
    return daemonSnapshot(engine, nbd);
  },
  setParameter: async (name, value) => (await opening).engine.setParameter(name, value),
  addExport: async (config) => (await opening).engine.addExport(config),
  removeExport: async (name) => {
    const { engine, nbd } = await opening;
    const disk = engine.exports.find((each) => each.name === name);
    const gone = engine.removeExport(name);
    if (disk !== undefined) nbd.endConnections(disk);
    await gone;
  },
  listExports: async () => [...(await opening).engine.listExports()],
  reclaim: async (name, bytes) => (await opening).engine.reclaim(name, bytes),
  closeConnections: async () => (await opening).nbd.close(),
  close: async () => {
    await (await opening).engine.close();
    // Nothing else keeps the thread; the answer is sent before it ends.
    setImmediate(() => port.close());
  },
};

async function answer({ id, verb, args }: ShardCall): Promise<void> {
  const call = CALLS[verb] as (...values: readonly unknown[]) => Promise<unknown>;
  try {
    post({ kind: 'value', id, value: await call(...args) });
  } catch (error) {
    post({ kind: 'error', id, error: encodeError(error) });
  }
}

async function heed(message: ToShard): Promise<void> {
  switch (message.kind) {
    case 'call':
      await answer(message);
      return;
    case 'connection':
      (await opening).nbd.adopt(message.handed, giveBack);
      return;
    case 'taken-back':
      takenBack(message.fd);
      return;
    case 'heard':
      isTelling = false;
      return;
    case 'shrink':
      (await opening).engine.zswap.shrinkWorker.queue();
  }
}

port.on('message', (message: ToShard) => void heed(message));
