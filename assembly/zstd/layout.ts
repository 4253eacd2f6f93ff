// Where the zstd kernel's own tables lie: behind the 64 KiB that all kernels lay out alike.

export const LITERALS: usize = 0x10000; // 4096 decoded literals, 64 of slop
export const HUFFMAN: usize = 0x11080; // 2^11 decoding cells of 16 bits
export const NORM: usize = 0x12080; // counts of up to 256 symbols, 16 bits each
export const SPREAD: usize = 0x12280; // symbol of each cell, up to 512, 64 of slop
export const WEIGHTS: usize = 0x124c0; // Huffman weights of 256 symbols, 64 of slop
export const WEIGHT_CELLS: usize = 0x12600; // 2^6 decoding cells of 32 bits
export const LL_CELLS: usize = 0x12800; // 2^9 cells of 16 bytes
export const ML_CELLS: usize = 0x14800; // 2^9 cells
export const OF_CELLS: usize = 0x16800; // 2^8 cells
export const LL_PREDEFINED: usize = 0x17800; // 2^6 cells
export const ML_PREDEFINED: usize = 0x17c00; // 2^6 cells
export const LL_CODE: usize = 0x18000; // 36 codes of 16 bytes
export const ML_CODE: usize = 0x18240; // 53 codes
export const OF_CODE: usize = 0x18590; // 32 codes, to 0x18790
// Static data of the module begins at 0x18800.
export const OF_PREDEFINED: usize = 0x19000; // 2^5 cells
export const COUNTERS: usize = 0x19200; // next state of up to 256 symbols, 16 bits each
