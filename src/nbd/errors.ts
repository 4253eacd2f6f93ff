/**
 * The one place where error numbers of the engine become error values of the protocol and back. The
 * protocol allows eight values; whatever else the engine says is folded into the nearest of them.
 */
import * as errno from '../std/errno.ts';
import type { Errno } from '../std/errno.ts';

/** The error values a reply may carry (0 is success). */
export type NbdError = 0 | 1 | 5 | 12 | 22 | 28 | 75 | 95 | 108;

const NBD_ERROR_BY_ERRNO: Readonly<Record<Errno, NbdError>> = {
  [errno.OK]: 0,
  [errno.EPERM]: 1,
  // What is not there or there already was named by the client.
  [errno.ENOENT]: 22,
  [errno.EEXIST]: 22,
  // The client cannot tell busy from broken; both mean that the data did not move.
  [errno.EBUSY]: 5,
  [errno.EIO]: 5,
  [errno.EBADMSG]: 5,
  [errno.ENOMEM]: 12,
  [errno.EINVAL]: 22,
  [errno.ENOSPC]: 28,
  [errno.EOVERFLOW]: 75,
  [errno.ENOTSUP]: 95,
  [errno.ESHUTDOWN]: 108,
};

/** The error value that a reply carries for an outcome of the engine. */
export function nbdErrorOf(error: Errno): NbdError {
  return NBD_ERROR_BY_ERRNO[error];
}

/**
 * The engine's error for a value received; an unknown one counts as EINVAL, as the protocol says.
 */
export function errnoOfNbdError(value: number): Errno {
  switch (value) {
    case errno.OK:
    case errno.EPERM:
    case errno.EIO:
    case errno.ENOMEM:
    case errno.EINVAL:
    case errno.ENOSPC:
    case errno.EOVERFLOW:
    case errno.ENOTSUP:
    case errno.ESHUTDOWN:
      return value;
    default:
      return errno.EINVAL;
  }
}
