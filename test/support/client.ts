/** The client of simulations, which tests use as well. */
export { ClientRequest, submit } from '../../src/sim/world/client.ts';
