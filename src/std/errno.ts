/**
 * The error numbers that travel through the engine, as positive integers with Linux's values (which
 * are the values the NBD protocol uses on the wire too). 0 is success.
 */

export const OK = 0;
export const EPERM = 1;
export const ENOENT = 2;
export const EIO = 5;
export const ENOMEM = 12;
export const EBUSY = 16;
export const EEXIST = 17;
export const EINVAL = 22;
export const ENOSPC = 28;
/** Data is not what was written. */
export const EBADMSG = 74;
export const EOVERFLOW = 75;
export const ENOTSUP = 95;
export const ESHUTDOWN = 108;

/** An error number, or {@link OK}. */
export type Errno =
  | typeof OK
  | typeof EPERM
  | typeof ENOENT
  | typeof EIO
  | typeof ENOMEM
  | typeof EBUSY
  | typeof EEXIST
  | typeof EINVAL
  | typeof ENOSPC
  | typeof EBADMSG
  | typeof EOVERFLOW
  | typeof ENOTSUP
  | typeof ESHUTDOWN;
