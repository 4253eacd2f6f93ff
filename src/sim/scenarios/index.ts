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
import { groupOfflineLimit } from './group/group-offline-limit.ts';
import { groupOfflineStore } from './group/group-offline-store.ts';
import { groupOfflineWriteback } from './group/group-offline-writeback.ts';
import { limitLowered } from './group/limit-lowered.ts';
import { writebackOffAbove } from './group/writeback-off-above.ts';
import { exportRemovedDevice } from './export/export-removed-device.ts';
import { exportRemovedLimit } from './export/export-removed-limit.ts';
import { exportRemovedStore } from './export/export-removed-store.ts';
import { exportRemovedTrim } from './export/export-removed-trim.ts';
import { exportRemovedWriteback } from './export/export-removed-writeback.ts';
import { dynamicShrinkerFeedback } from './shrink/dynamic-shrinker-feedback.ts';
import { dynamicShrinkerReclaim } from './shrink/dynamic-shrinker-reclaim.ts';
import { dynamicShrinkerRemoval } from './shrink/dynamic-shrinker-removal.ts';
import { dynamicShrinker } from './shrink/dynamic-shrinker.ts';
import { reclaimLimit } from './shrink/reclaim-limit.ts';
import { reclaimRemoval } from './shrink/reclaim-removal.ts';
import { twoReclaims } from './shrink/two-reclaims.ts';
import { storeStore } from './store/store-store.ts';
import { storeOtherSlots } from './store/store-other-slots.ts';
import { storeReadTrim } from './store/store-read-trim.ts';
import { olderEntryZero } from './store/older-entry-zero.ts';
import { olderEntryStore } from './store/older-entry-store.ts';
import { refusedStore } from './refused/refused-store.ts';
import { disabledStore } from './refused/disabled-store.ts';
import { spillRead } from './refused/spill-read.ts';
import { spillRuns } from './refused/spill-runs.ts';
import { partialWrites } from './store/partial-writes.ts';
import { allocationFailure } from './refused/allocation-failure.ts';
import { clockJumps } from './store/clock-jumps.ts';
import { compressorFails } from './refused/compressor-fails.ts';
import { manyBusySlots } from './store/many-busy-slots.ts';
import { folioStore } from './store/folio-store.ts';
import { tableChunks } from './store/table-chunks.ts';
import { poolSwitch } from './pool/pool-switch.ts';
import { poolLimit } from './pool/pool-limit.ts';
import { poolSwitchWriteback } from './pool/pool-switch-writeback.ts';
import { compactionLoad } from './pool/compaction-load.ts';
import { entryLimit } from './pool/entry-limit.ts';
import { groupPool } from './pool/group-pool.ts';
import { poolComesBack } from './pool/pool-comes-back.ts';
import { poolLimitLowered } from './pool/pool-limit-lowered.ts';
import { poolSwitchRemoval } from './pool/pool-switch-removal.ts';
import { lookAround } from './pool/look-around.ts';
import { deviceCorrupts } from './device/device-corrupts.ts';
import { deviceDead } from './device/device-dead.ts';
import { deviceFragmented } from './device/device-fragmented.ts';
import { deviceFullBelow } from './device/device-full-below.ts';
import { deviceLosesWrites } from './device/device-loses-writes.ts';
import { deviceRecovers } from './device/device-recovers.ts';
import { poolCorrupt } from './device/pool-corrupt.ts';
import { readErrors } from './device/read-errors.ts';
import type { Scenario } from './scenario.ts';
import { directFaultCopy } from './memory/direct-fault-copy.ts';
import { directFaultDiscard } from './memory/direct-fault-discard.ts';
import { directFaultWriteback } from './memory/direct-fault-writeback.ts';
import { cachedFaultWriteback } from './memory/cached-fault-writeback.ts';
import { faultPageout } from './memory/fault-pageout.ts';
import { faultDiscard } from './memory/fault-discard.ts';
import { copyOnWrite } from './memory/copy-on-write.ts';
import { chargeOwnEntry } from './memory/charge-own-entry.ts';
import {
  largeFaultWriteback,
  largeFaultDiscard,
  largeFaultSmallFault,
  largeFaultStore,
  largeFaultZero,
  largeFaultCorrupt,
} from './memory/large-fault.ts';
import { fewSlots } from './memory/few-slots.ts';
import { largeSwapOut, largeSpill } from './memory/large-swap-out.ts';
import { faultReadahead } from './memory/fault-readahead.ts';
import { tryRead } from './memory/try-read.ts';

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
  groupOfflineLimit,
  groupOfflineStore,
  groupOfflineWriteback,
  limitLowered,
  writebackOffAbove,
  exportRemovedDevice,
  exportRemovedLimit,
  exportRemovedStore,
  exportRemovedTrim,
  exportRemovedWriteback,
  dynamicShrinkerFeedback,
  dynamicShrinkerReclaim,
  dynamicShrinkerRemoval,
  dynamicShrinker,
  reclaimLimit,
  reclaimRemoval,
  twoReclaims,
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
  clockJumps,
  compressorFails,
  manyBusySlots,
  folioStore,
  tableChunks,
  poolSwitch,
  poolLimit,
  poolSwitchWriteback,
  compactionLoad,
  entryLimit,
  groupPool,
  poolComesBack,
  poolLimitLowered,
  poolSwitchRemoval,
  lookAround,
  deviceCorrupts,
  deviceDead,
  deviceFragmented,
  deviceFullBelow,
  deviceLosesWrites,
  deviceRecovers,
  poolCorrupt,
  readErrors,
  directFaultCopy,
  directFaultDiscard,
  directFaultWriteback,
  cachedFaultWriteback,
  faultPageout,
  faultDiscard,
  copyOnWrite,
  chargeOwnEntry,
  largeFaultWriteback,
  largeFaultDiscard,
  largeFaultSmallFault,
  largeFaultStore,
  largeFaultZero,
  largeFaultCorrupt,
  largeSwapOut,
  fewSlots,
  largeSpill,
  faultReadahead,
  tryRead,
];
