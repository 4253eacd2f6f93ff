/**
 * The environment variables of a process. A type of our own, because it is part of the public
 * declarations, which must not ask a caller for the types of Node.
 */
export type Environment = Record<string, string | undefined>;
