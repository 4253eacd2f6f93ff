/**
 * Decides whether a request may be carried out, before anything is allocated for it. Pure: the
 * whole table of refusals is in one function, so that each has exactly one reason and one error.
 */
import { EINVAL, ENOSPC, ENOTSUP, OK } from '../../std/errno.ts';
import type { Errno } from '../../std/errno.ts';
import { PAGE_SIZE } from '../../std/units.ts';
import * as wire from '../wire.ts';

/** What a connection agreed on in its handshake. */
export interface Session {
  /** Bytes of the export. */
  readonly sizeBytes: number;
  /** Structured replies were negotiated. */
  readonly structured: boolean;
  /** `base:allocation` was selected for this export. */
  readonly hasStatus: boolean;
}

/**
 * The error to answer a request with, or OK.
 *
 * FUA is valid on every command because it is advertised. An empty range is refused: the protocol
 * leaves it open, and a client that sends one has miscounted.
 *
 * @param offset - 0..2^64, exact up to 2^53 (what is lost above lies beyond any export)
 * @see doc/proto.md, "Request types" and "Error values"
 */
export function checkRequest(
  session: Session,
  type: number,
  flags: number,
  offset: number,
  length: number,
): Errno {
  if ((flags & ~flagsAllowed(session, type)) !== 0) return EINVAL;
  switch (type) {
    case wire.NBD_CMD_READ:
      return length > wire.PAYLOAD_BYTES_MAX ? EINVAL : checkRange(session, offset, length, EINVAL);
    case wire.NBD_CMD_WRITE:
      return length > wire.PAYLOAD_BYTES_MAX ? EINVAL : checkRange(session, offset, length, ENOSPC);
    case wire.NBD_CMD_FLUSH:
      return offset === 0 && length === 0 ? OK : EINVAL;
    case wire.NBD_CMD_TRIM:
      return checkRange(session, offset, length, EINVAL);
    case wire.NBD_CMD_WRITE_ZEROES: {
      const error = checkRange(session, offset, length, ENOSPC);
      if (error !== OK || (flags & wire.NBD_CMD_FLAG_FAST_ZERO) === 0) return error;
      // Part of a page is read, changed and stored again: no faster than a write.
      return offset % PAGE_SIZE === 0 && length % PAGE_SIZE === 0 ? OK : ENOTSUP;
    }
    case wire.NBD_CMD_BLOCK_STATUS:
      return session.hasStatus ? checkRange(session, offset, length, EINVAL) : EINVAL;
    default:
      // Unknown, and NBD_CMD_CACHE, which is not advertised: zswap has nothing to prefetch into.
      return EINVAL;
  }
}

function checkRange(session: Session, offset: number, length: number, beyond: Errno): Errno {
  if (length === 0) return EINVAL;
  return offset + length <= session.sizeBytes ? OK : beyond;
}

function flagsAllowed(session: Session, type: number): number {
  switch (type) {
    case wire.NBD_CMD_READ:
      return session.structured
        ? wire.NBD_CMD_FLAG_FUA | wire.NBD_CMD_FLAG_DF
        : wire.NBD_CMD_FLAG_FUA;
    case wire.NBD_CMD_WRITE_ZEROES:
      return wire.NBD_CMD_FLAG_FUA | wire.NBD_CMD_FLAG_NO_HOLE | wire.NBD_CMD_FLAG_FAST_ZERO;
    case wire.NBD_CMD_BLOCK_STATUS:
      return wire.NBD_CMD_FLAG_FUA | wire.NBD_CMD_FLAG_REQ_ONE;
    default:
      return wire.NBD_CMD_FLAG_FUA;
  }
}
