/**
 * Nominal types over plain numbers: an index, a count and a size of different things do not mix.
 */

declare const brandName: unique symbol;

/** `T` that was made by the one constructor which owns the name `Name`. */
export type Brand<T, Name extends string> = T & { readonly [brandName]: Name };
