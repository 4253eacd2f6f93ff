/** All scenarios, in the order they are run. */
import { writebackOverwrite } from './writeback/writeback-overwrite.ts';
import { writebackRead } from './writeback/writeback-read.ts';
import { writebackRestore } from './writeback/writeback-restore.ts';
import { writebackSwapoff } from './writeback/writeback-swapoff.ts';
import { twoWritebacks } from './writeback/two-writebacks.ts';
import { writebackBusySlot } from './writeback/writeback-busy-slot.ts';
import { writebackDeviceError } from './writeback/writeback-device-error.ts';
import { writebackZeroRewrite } from './writeback/writeback-zero-rewrite.ts';
import { writebackFullDevice } from './writeback/writeback-full-device.ts';
import { writebackTakeOver } from './writeback/writeback-take-over.ts';
import { writebackEmptyList } from './writeback/writeback-empty-list.ts';
import { shrinkWorker } from './writeback/shrink-worker.ts';
import { shrinkWorkerAgain } from './writeback/shrink-worker-again.ts';
import { limitOwnEntry } from './group/limit-own-entry.ts';
import { siblingIsolation } from './group/sibling-isolation.ts';
import { writebackSwitchedOff } from './group/writeback-switched-off.ts';
import { storeStore } from './store/store-store.ts';
import { storeOtherSlots } from './store/store-other-slots.ts';
import { storeReadTrim } from './store/store-read-trim.ts';
import { olderEntryZero } from './store/older-entry-zero.ts';
import { olderEntryStore } from './store/older-entry-store.ts';
import { refusedStore } from './store/refused-store.ts';
import { disabledStore } from './store/disabled-store.ts';
import { spillRead } from './store/spill-read.ts';
import { spillRuns } from './store/spill-runs.ts';
import { partialWrites } from './store/partial-writes.ts';
import { allocationFailure } from './store/allocation-failure.ts';
import { poolSwitch } from './pool/pool-switch.ts';
import { poolLimit } from './pool/pool-limit.ts';
import { poolSwitchWriteback } from './pool/pool-switch-writeback.ts';
import { compactionLoad } from './pool/compaction-load.ts';
import type { Scenario } from './scenario.ts';

export const SCENARIOS: readonly Scenario[] = [
  writebackOverwrite,
  writebackRead,
  writebackRestore,
  writebackSwapoff,
  twoWritebacks,
  writebackBusySlot,
  writebackDeviceError,
  writebackZeroRewrite,
  writebackFullDevice,
  writebackTakeOver,
  writebackEmptyList,
  shrinkWorker,
  shrinkWorkerAgain,
  limitOwnEntry,
  siblingIsolation,
  writebackSwitchedOff,
  storeStore,
  storeOtherSlots,
  storeReadTrim,
  olderEntryZero,
  olderEntryStore,
  refusedStore,
  disabledStore,
  spillRead,
  spillRuns,
  partialWrites,
  allocationFailure,
  poolSwitch,
  poolLimit,
  poolSwitchWriteback,
  compactionLoad,
];
