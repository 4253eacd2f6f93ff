/**
 * Every bound the server puts on its clients, in one place. A client that reaches one waits or is
 * told no; none of them lets a client take more memory than is written here.
 */
import { KIB, MIB, PAGE_SIZE } from '../std/units.ts';
import { PAYLOAD_BYTES_MAX } from './wire.ts';

export interface NbdLimits {
  /** Connections at a time; one more is closed as soon as it is accepted. */
  readonly connectionsMax: number;
  /** Milliseconds from accept to the start of transmission; then the connection is closed. */
  readonly handshakeMs: number;
  /** Bytes of data of one option that are looked at; a longer option is skipped and refused. */
  readonly optionBytesMax: number;
  /** Bytes of an oversized option that are skipped; a longer one closes the connection. */
  readonly optionSkipBytesMax: number;
  /** Options in one handshake; one more closes the connection. */
  readonly optionCountMax: number;
  /** Answers to options that wait for a slow reader; above, no further option is looked at. */
  readonly optionReplyBytesMax: number;
  /** Requests of one connection that have been read and not been answered. */
  readonly inFlightMax: number;
  /** Bytes of a refused write that are skipped; a longer one closes the connection. */
  readonly drainBytesMax: number;
  /**
   * Bytes of a connection's receive buffer, with the page in front that carries a cut tail over.
   */
  readonly receiveBytes: number;
  /** Bytes of a buffer that collects replies. */
  readonly batchBytes: number;
  /**
   * Payload bytes outside those buffers, by connection: requests that wait, replies not yet sent.
   */
  readonly ownedBytesPerConnection: number;
  /** The same for all connections together. */
  readonly ownedBytesPerServer: number;
  /** What a connection that owns nothing gets even when the server's share is used up. */
  readonly ownedFloorBytes: number;
  /** Bytes of free buffers that are kept for reuse. */
  readonly pooledBytesMax: number;
  /** Reply bytes waiting for a slow reader above which no further request is read from it. */
  readonly outboundBytesMax: number;
  /** Extents in one answer to NBD_CMD_BLOCK_STATUS. */
  readonly statusDescriptorsMax: number;
  /**
   * Milliseconds a connection may keep others waiting for memory without getting on with the
   * half-received write or the unread reply it holds that memory for; then it is closed.
   */
  readonly stallMs: number;
  /**
   * Bytes to move in that time for it to count as getting on, if the memory is more than the floor;
   * otherwise any byte does. So nobody holds much for good by sending little now and then.
   */
  readonly stallBytes: number;
  /**
   * Microseconds that the server looks for the next request before it sleeps, where requests come
   * that fast (see `HaltPoll`); 1 is as good as none.
   */
  readonly haltPollUs: number;
  /** Milliseconds that `close` waits for requests under way. */
  readonly closeMs: number;
  /** Milliseconds between two looks at the deadlines above. */
  readonly tickMs: number;
}

/** The limits of a server that is given none. */
export const DEFAULT_LIMITS: NbdLimits = {
  connectionsMax: 4096,
  handshakeMs: 30_000,
  optionBytesMax: 32 * KIB,
  optionSkipBytesMax: MIB,
  optionCountMax: 1024,
  optionReplyBytesMax: 256 * KIB,
  inFlightMax: 256,
  drainBytesMax: 2 * PAYLOAD_BYTES_MAX,
  receiveBytes: 256 * KIB,
  batchBytes: 256 * KIB,
  ownedBytesPerConnection: 64 * MIB,
  ownedBytesPerServer: 512 * MIB,
  ownedFloorBytes: 256 * KIB,
  pooledBytesMax: 32 * MIB,
  outboundBytesMax: 4 * MIB,
  statusDescriptorsMax: 4096,
  stallMs: 30_000,
  stallBytes: MIB,
  haltPollUs: 50,
  closeMs: 10_000,
  tickMs: 500,
};

/** Bytes of the buffer that handshakes receive into. */
export const HANDSHAKE_RECEIVE_BYTES: number = 16 * KIB;

/** Bytes of the longest reply without data: an error chunk, rounded up. */
export const SHORT_REPLY_BYTES_MAX = 32;

/**
 * Completes a partial set of limits with {@link DEFAULT_LIMITS}.
 *
 * @throws RangeError if a number is no positive integer, or if the buffers and shares could not
 *   hold what one request may need.
 */
export function resolveLimits(given: Partial<NbdLimits> = {}): NbdLimits {
  const limits: NbdLimits = { ...DEFAULT_LIMITS, ...given };
  for (const [name, value] of Object.entries(limits)) {
    if (!Number.isSafeInteger(value) || value < 1) {
      throw new RangeError(`nbd limit ${name} takes a positive integer, not ${value}`);
    }
  }
  const atLeast = (name: keyof NbdLimits, least: number): void => {
    if (limits[name] < least) throw new RangeError(`nbd limit ${name} must be at least ${least}`);
  };
  // What is left over when the handshake ends goes through the receive buffer in one piece.
  atLeast('receiveBytes', 2 * PAGE_SIZE + limits.optionBytesMax + HANDSHAKE_RECEIVE_BYTES);
  atLeast('batchBytes', (limits.inFlightMax + 4) * SHORT_REPLY_BYTES_MAX);
  atLeast('ownedBytesPerConnection', PAYLOAD_BYTES_MAX);
  atLeast('ownedBytesPerServer', PAYLOAD_BYTES_MAX);
  return limits;
}
