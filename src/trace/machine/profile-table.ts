/**
 * What was measured once of the compressors: to how many bytes pages of real processes compress
 * (compilers, Node, Python, Redis, PostgreSQL, Java), and what a page costs. Examples to begin
 * with; pages of one's own say more.
 */
import type { CodecCost } from './sized-page.ts';
import { PAGE_SIZE } from '../../std/units.ts';

/** Share of those pages that are all zeros. */
export const ZERO_SHARE = 0.007;

/** By compressor: compressed bytes of pages that are not zeros, at 33 ranks from 0 to 1. */
export const BUILT_IN_SIZES: Readonly<Record<string, readonly number[]>> = {
  lz4: [
    31, 228, 395, 502, 707, 784, 875, 928, 963, 993, 1028, 1065, 1106, 1170, 1244, 1354, 1448, 1505,
    1563, 1614, 1658, 1695, 1737, 1769, 1796, 1829, 1872, 1993, 2215, 2402, 2717, 2889, 3109,
  ],
  lzo: [
    29, 214, 381, 454, 617, 688, 782, 818, 845, 862, 885, 917, 956, 1007, 1077, 1179, 1241, 1305,
    1366, 1393, 1436, 1484, 1542, 1647, 1721, 1764, 1816, 1912, 2057, 2290, 2597, 2798, 3057,
  ],
  'lzo-rle': [
    19, 204, 380, 455, 621, 689, 782, 820, 847, 865, 887, 921, 958, 1011, 1079, 1185, 1246, 1309,
    1368, 1395, 1438, 1486, 1544, 1651, 1725, 1766, 1819, 1914, 2058, 2292, 2595, 2798, 3059,
  ],
  'zstd:-1': [
    16, 177, 222, 311, 418, 476, 517, 564, 590, 615, 638, 668, 717, 769, 837, 941, 1022, 1087, 1140,
    1170, 1210, 1243, 1267, 1289, 1330, 1396, 1499, 1636, 1773, 1868, 2425, 2648, 2839,
  ],
  zstd: [
    16, 161, 217, 300, 387, 446, 500, 545, 572, 597, 619, 642, 680, 722, 778, 869, 949, 1002, 1030,
    1062, 1101, 1124, 1145, 1164, 1190, 1215, 1261, 1344, 1508, 1656, 1837, 1949, 2406,
  ],
  'zstd:1': [
    16, 175, 221, 304, 397, 461, 515, 555, 583, 606, 631, 655, 694, 734, 803, 890, 961, 1016, 1054,
    1079, 1118, 1145, 1164, 1181, 1202, 1233, 1282, 1372, 1509, 1673, 1843, 1951, 2465,
  ],
  'zstd:9': [
    16, 134, 201, 280, 369, 423, 472, 514, 537, 557, 587, 615, 647, 690, 746, 830, 908, 958, 986,
    1026, 1058, 1080, 1102, 1120, 1145, 1169, 1208, 1294, 1442, 1659, 1797, 1903, 2385,
  ],
  deflate: [
    25, 167, 236, 320, 418, 480, 532, 577, 605, 621, 641, 678, 706, 740, 795, 874, 940, 989, 1019,
    1059, 1095, 1129, 1164, 1191, 1213, 1236, 1276, 1341, 1495, 1721, 1826, 1917, 2434,
  ],
  null: [PAGE_SIZE, PAGE_SIZE],
};

/** Processor time of a page, in microseconds: in with its allocation, and out. */
export const CODEC_COSTS: Readonly<Record<string, CodecCost>> = {
  lz4: { compressUs: 7, decompressUs: 2.2 },
  lzo: { compressUs: 7.5, decompressUs: 2.7 },
  'lzo-rle': { compressUs: 7.6, decompressUs: 2.7 },
  'zstd:-1': { compressUs: 14.5, decompressUs: 5.1 },
  'zstd:1': { compressUs: 20, decompressUs: 7.3 },
  zstd: { compressUs: 22, decompressUs: 7.2 },
  'zstd:9': { compressUs: 60, decompressUs: 7 },
  deflate: { compressUs: 60, decompressUs: 11 },
};
