/** The compressor of simulations, which tests use as well. */
export { FAILING_BYTE, createWordCodec, wordLength } from '../../src/sim/world/word-codec.ts';
