/**
 * `serve --record FILE`: the recorder with its file and its clock. It tells the log once when it
 * cannot go on, and once when it cannot keep up; the daemon serves on in either case.
 */
import type { DiskTrace } from '../blk/disk-trace.ts';
import { Recorder, type RecordSinkFile } from '../trace/record/recorder.ts';
import { openRecordFile } from '../trace/record/record-file.ts';
import type { StatsSnapshot } from '../metrics/snapshot.ts';
import type { Log } from './log.ts';
import { VERSION } from './version.ts';

/** Milliseconds after which a buffer is written though it is not full. */
const FLUSH_MS = 1000;

export interface Recording {
  /** Gets the requests of the engine's disks. */
  readonly trace: DiskTrace;
  /** Begins, once the engine is there. */
  begin(snapshot: StatsSnapshot): void;
  /** Writes what is left. The engine must not be used any more. */
  close(): Promise<void>;
}

/** @throws ZswapError `ZSWAP_TRACE` if the file cannot be had */
export async function openRecording(
  path: string,
  log: Log,
  open: (path: string) => Promise<RecordSinkFile> = openRecordFile,
): Promise<Recording> {
  let saidLost = false;
  const recorder = new Recorder({
    file: await open(path),
    nowMs: () => performance.now(),
    onFailure: (error) => {
      const reason = error instanceof Error ? error.message : String(error);
      log.error(`${path} cannot be written: ${reason}; recording has ended`);
    },
  });
  let timer: NodeJS.Timeout | undefined;
  const tick = (): void => {
    recorder.flush();
    if (recorder.lost > 0 && !saidLost) {
      saidLost = true;
      log.warn(`${path} is not written as fast as requests come: the recording loses some`);
    }
  };
  return {
    trace: recorder,
    begin: ({ parameters, spill }) => {
      recorder.begin({
        version: VERSION,
        start: new Date().toISOString(),
        parameters: { ...parameters, spill_size: spill?.size_bytes ?? 0 },
      });
      timer = setInterval(tick, FLUSH_MS);
      timer.unref();
    },
    close: async () => {
      clearInterval(timer);
      await recorder.close();
      if (recorder.lost > 0) {
        log.warn(`${path} lacks ${recorder.lost} of ${recorder.lost + recorder.events} requests`);
      }
    },
  };
}
