/**
 * What a server has done so far, as plain numbers that only grow. Incremented on the data plane, so
 * there is one record for a whole server.
 */
import * as wire from './wire.ts';

export class NbdCounters {
  connectionsAccepted = 0;
  /** Closed at once because there were too many. */
  connectionsRefused = 0;
  /** Closed by us: broken protocol, handshake too slow, or memory kept from others. */
  connectionsDropped = 0;
  reads = 0;
  writes = 0;
  flushes = 0;
  trims = 0;
  writeZeroes = 0;
  blockStatuses = 0;
  disconnects = 0;
  /** Requests of a command that is not served. */
  unknowns = 0;
  bytesRead = 0;
  bytesWritten = 0;
  bytesTrimmed = 0;
  bytesZeroed = 0;
  /** Replies that carried an error. */
  errors = 0;
  /** Requests that could not be finished at once and waited in a buffer of their own. */
  waits = 0;
  /** Times a connection was not read from because a limit was reached. */
  stalls = 0;

  /** Counts a request by its command, whatever becomes of it. */
  countRequest(type: number): void {
    switch (type) {
      case wire.NBD_CMD_READ:
        this.reads += 1;
        return;
      case wire.NBD_CMD_WRITE:
        this.writes += 1;
        return;
      case wire.NBD_CMD_DISC:
        this.disconnects += 1;
        return;
      case wire.NBD_CMD_FLUSH:
        this.flushes += 1;
        return;
      case wire.NBD_CMD_TRIM:
        this.trims += 1;
        return;
      case wire.NBD_CMD_WRITE_ZEROES:
        this.writeZeroes += 1;
        return;
      case wire.NBD_CMD_BLOCK_STATUS:
        this.blockStatuses += 1;
        return;
      default:
        this.unknowns += 1;
    }
  }
}
