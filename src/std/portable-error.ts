/** Errors on their way to another thread, where classes and causes are lost. */
import { ERROR_CODES, ZswapError, type ErrorCode } from './error.ts';

/** An error that keeps what it is to be matched on. */
export interface PortableError {
  readonly name: string;
  readonly message: string;
  readonly code: string | undefined;
}

export function encodeError(error: unknown): PortableError {
  if (!(error instanceof Error)) return { name: 'Error', message: String(error), code: undefined };
  const code = error instanceof ZswapError ? error.code : undefined;
  return { name: error.name, message: error.message, code };
}

export function decodeError({ name, message, code }: PortableError): Error {
  if (code !== undefined && Object.hasOwn(ERROR_CODES, code)) {
    return new ZswapError(code as ErrorCode, message);
  }
  if (name === 'TypeError') return new TypeError(message);
  if (name === 'RangeError') return new RangeError(message);
  return new Error(message);
}
