/** The public face of `zswapd/nbd`: an NBD server for any disk that speaks the block contract. */
export type { BlkDisk, BlkOp, BlkRequest } from '../blk/request.ts';
export { Payload } from '../blk/payload.ts';
export type { NbdCounters } from './counters.ts';
export type { RequestTimes } from './transmission/request-times.ts';
export { DEFAULT_LIMITS } from './limits.ts';
export type { NbdLimits } from './limits.ts';
export { createNbdServer } from './server.ts';
export type { NbdServer, NbdServerOptions } from './server.ts';
