/** The file that a daemon records to. */
import { open } from 'node:fs/promises';
import { ZswapError } from '../../std/error.ts';
import type { RecordSinkFile } from './recorder.ts';
import { MAGIC } from './wire.ts';

/**
 * Opens a file to record to: a new one, or an earlier recording, which it takes the place of.
 *
 * @throws ZswapError `ZSWAP_TRACE` if it cannot be written, or holds anything else
 */
export async function openRecordFile(path: string): Promise<RecordSinkFile> {
  try {
    const file = await open(path, 'a+', 0o600);
    try {
      const { bytesRead, buffer } = await file.read(Buffer.alloc(MAGIC.length), 0, MAGIC.length, 0);
      const isOurs = bytesRead === MAGIC.length && buffer.toString('latin1') === MAGIC;
      if (bytesRead > 0 && !isOurs) {
        throw new ZswapError('ZSWAP_TRACE', `${path} holds something that is no recording`);
      }
      await file.truncate(0);
    } catch (error) {
      await file.close();
      throw error;
    }
    return {
      write: async (bytes) => {
        for (let done = 0; done < bytes.length;) {
          done += (await file.write(bytes, done)).bytesWritten;
        }
      },
      close: () => file.close(),
    };
  } catch (error) {
    if (error instanceof ZswapError) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    throw new ZswapError('ZSWAP_TRACE', `${path} cannot be written: ${reason}`, { cause: error });
  }
}
