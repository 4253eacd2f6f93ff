/**
 * Errors of the environment, which an application may catch. One table of stable codes; match on
 * `code`, not on the class, and not on the message. `docs/api/errors.md` has a heading for each.
 */

/** What each code means and what the caller may do about it. */
export const ERROR_CODES = {
  ZSWAP_BUSY: 'Something is in use that would have to be at rest.',
  ZSWAP_CLOSED: 'A machine, a region, a pin, a cache or a connection is used after its end.',
  ZSWAP_CORRUPT: 'A page is not what was stored; it cannot be had any more.',
  ZSWAP_DEVICE_IO: 'The backing swap device refused a read or a write.',
  ZSWAP_DEVICE_OPEN: 'The path cannot be used as a backing swap device.',
  ZSWAP_DEVICE_BUSY: 'The backing swap device is in use by another process.',
  ZSWAP_DEVICE_UNCLEAN: 'The backing swap device was not closed cleanly; its contents are gone.',
  ZSWAP_DEVICE_FOREIGN: 'The backing swap device holds data that is not a swap device of ours.',
  ZSWAP_CODEC: 'A compressor is unknown or cannot be set up.',
  ZSWAP_CONFIG: 'A configuration file or option has a wrong name or value.',
  ZSWAP_CONTROL: 'The control socket is missing, refused the command, or answered nonsense.',
  ZSWAP_EXPORT: 'An export is unknown, exists already, or does not fit.',
  ZSWAP_NO_MEMORY: 'A page needs a frame, and none can be freed.',
  ZSWAP_PAGES: 'Pages to look at cannot be had from a process, a file or a folder.',
  ZSWAP_RECLAIM: 'An export has nowhere to write pages back to.',
  ZSWAP_TRACE: 'A trace cannot be read, or is not what it was said to be.',
  ZSWAP_LISTEN: 'A socket address cannot be listened on.',
} as const;

export type ErrorCode = keyof typeof ERROR_CODES;

/** An error of the environment with a stable code and, where there is one, its cause. */
export class ZswapError extends Error {
  override readonly name = 'ZswapError';
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string, options?: { readonly cause?: unknown }) {
    super(message, options);
    this.code = code;
  }
}
