/** The client of simulations, which tests use as well. */
export { ClientRequest, submit, type Place } from '../../src/sim/world/client.ts';
