// Where the zstd kernel's own tables lie: behind the 64 KiB that all kernels lay out alike.

// Scratch of a page.
export const LITERALS: usize = 0x10000; // 4096 literals, 64 of slop
export const HUFFMAN_CELLS: usize = 0x11080; // 2^11 decoding cells of 16 bits
export const NORM: usize = 0x12080; // counts of up to 256 symbols, 16 bits each
export const SPREAD: usize = 0x12280; // symbol of each cell, up to 512, 64 of slop
export const WEIGHTS: usize = 0x124c0; // Huffman weights of 256 symbols, 64 of slop
export const WEIGHT_CELLS: usize = 0x12600; // 2^6 decoding cells of 32 bits
export const COUNTERS: usize = 0x12700; // next state of up to 64 symbols, 16 bits each
export const WEIGHT_COUNTS: usize = 0x12780; // 16 counts of 16 bits
export const SORT_PLACES: usize = 0x127a0; // 65 places of 16 bits
export const LENGTHS: usize = 0x12840; // Huffman code lengths of 256 symbols
export const SYMBOL_OF: usize = 0x12940; // symbols by count
export const SORTED: usize = 0x12a40; // 256 counts of 32 bits
export const LL_CELLS: usize = 0x13000; // 2^9 decoding cells of 16 bytes
export const ML_CELLS: usize = 0x15000; // 2^9 cells
export const OF_CELLS: usize = 0x17000; // 2^8 cells
export const SEQUENCES: usize = 0x18000; // up to 1024 sequences of 8 bytes
export const SEQUENCE_CODES: usize = 0x1a000; // their codes times 8: ll, ml, of, 16 bits each
export const LITERAL_COUNTS: usize = 0x1c200; // 256 counts of 16 bits
export const LL_COUNTS: usize = 0x1c400; // 32 counts
export const ML_COUNTS: usize = 0x1c440; // 48 counts
export const OF_COUNTS: usize = 0x1c4a0; // 16 counts
export const COUNTS_END: usize = 0x1c4c0;
export const WEIGHT_ENCODER: usize = 0x1c500; // encoding tables, 1 KiB each
export const LL_ENCODER: usize = 0x1c900;
export const ML_ENCODER: usize = 0x1cd00;
export const OF_ENCODER: usize = 0x1d100;
export const HUFFMAN_CODES: usize = 0x1d500; // 256 codes of 32 bits

// Set once.
export const LL_CODE: usize = 0x1e000; // 36 records of 16 bytes
export const ML_CODE: usize = 0x1e240; // 53 records
export const OF_CODE: usize = 0x1e590; // 32 records
export const LL_PREDEFINED: usize = 0x1e800; // 2^6 cells
export const ML_PREDEFINED: usize = 0x1ec00; // 2^6 cells
export const OF_PREDEFINED: usize = 0x1f000; // 2^5 cells
export const LL_CODE_OF: usize = 0x20000; // code of each length up to 4096
export const ML_CODE_OF: usize = 0x21000;
export const LOG2: usize = 0x22000; // logarithm of each number up to 4096, 16 bits
export const PROFILES: usize = 0x24200; // tables of the profiles, see `profiles.ts`
// Static data of the module begins at 0x3c000.
