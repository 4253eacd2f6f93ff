/**
 * The numbers of the NBD protocol: magics, options, commands, flags and the sizes of fixed headers.
 * Names are those of the protocol document; 64-bit magics are split into two 32-bit halves, so that
 * nothing here needs a BigInt. All integers on the wire are big-endian.
 *
 * Source: NetworkBlockDevice/nbd, doc/proto.md.
 */
import { PAGE_SIZE } from '../std/units.ts';

// Handshake magics.
export const NBDMAGIC_HI = 0x4e42444d;
export const NBDMAGIC_LO = 0x41474943;
export const IHAVEOPT_HI = 0x49484156;
export const IHAVEOPT_LO = 0x454f5054;
export const OPTION_REPLY_MAGIC_HI = 0x0003e889;
export const OPTION_REPLY_MAGIC_LO = 0x045565a9;

// Handshake flags (server) and client flags.
export const NBD_FLAG_FIXED_NEWSTYLE = 1;
export const NBD_FLAG_NO_ZEROES = 2;
export const NBD_FLAG_C_FIXED_NEWSTYLE = 1;
export const NBD_FLAG_C_NO_ZEROES = 2;

// Options.
export const NBD_OPT_EXPORT_NAME = 1;
export const NBD_OPT_ABORT = 2;
export const NBD_OPT_LIST = 3;
export const NBD_OPT_STARTTLS = 5;
export const NBD_OPT_INFO = 6;
export const NBD_OPT_GO = 7;
export const NBD_OPT_STRUCTURED_REPLY = 8;
export const NBD_OPT_LIST_META_CONTEXT = 9;
export const NBD_OPT_SET_META_CONTEXT = 10;
export const NBD_OPT_EXTENDED_HEADERS = 11;

// Option replies.
export const NBD_REP_ACK = 1;
export const NBD_REP_SERVER = 2;
export const NBD_REP_INFO = 3;
export const NBD_REP_META_CONTEXT = 4;
export const NBD_REP_ERR_UNSUP = 0x80000001;
export const NBD_REP_ERR_INVALID = 0x80000003;
export const NBD_REP_ERR_UNKNOWN = 0x80000006;
export const NBD_REP_ERR_SHUTDOWN = 0x80000007;
export const NBD_REP_ERR_TOO_BIG = 0x80000009;

// Information types of NBD_OPT_INFO and NBD_OPT_GO.
export const NBD_INFO_EXPORT = 0;
export const NBD_INFO_NAME = 1;
export const NBD_INFO_BLOCK_SIZE = 3;

// Transmission flags.
export const NBD_FLAG_HAS_FLAGS = 0x1;
export const NBD_FLAG_SEND_FLUSH = 0x4;
export const NBD_FLAG_SEND_FUA = 0x8;
export const NBD_FLAG_SEND_TRIM = 0x20;
export const NBD_FLAG_SEND_WRITE_ZEROES = 0x40;
export const NBD_FLAG_SEND_DF = 0x80;
export const NBD_FLAG_CAN_MULTI_CONN = 0x100;
export const NBD_FLAG_SEND_FAST_ZERO = 0x800;

// Commands.
export const NBD_CMD_READ = 0;
export const NBD_CMD_WRITE = 1;
export const NBD_CMD_DISC = 2;
export const NBD_CMD_FLUSH = 3;
export const NBD_CMD_TRIM = 4;
export const NBD_CMD_CACHE = 5;
export const NBD_CMD_WRITE_ZEROES = 6;
export const NBD_CMD_BLOCK_STATUS = 7;

// Command flags.
export const NBD_CMD_FLAG_FUA = 0x1;
export const NBD_CMD_FLAG_NO_HOLE = 0x2;
export const NBD_CMD_FLAG_DF = 0x4;
export const NBD_CMD_FLAG_REQ_ONE = 0x8;
export const NBD_CMD_FLAG_FAST_ZERO = 0x10;

// Transmission magics, reply flags and structured reply types.
export const NBD_REQUEST_MAGIC = 0x25609513;
export const NBD_SIMPLE_REPLY_MAGIC = 0x67446698;
export const NBD_STRUCTURED_REPLY_MAGIC = 0x668e33ef;
export const NBD_REPLY_FLAG_DONE = 1;
export const NBD_REPLY_TYPE_OFFSET_DATA = 1;
export const NBD_REPLY_TYPE_BLOCK_STATUS = 5;
export const NBD_REPLY_TYPE_ERROR = 0x8001;

// Extent flags of `base:allocation`.
export const NBD_STATE_HOLE = 1;
export const NBD_STATE_ZERO = 2;

/** magic 4, flags 2, type 2, cookie 8, offset 8, length 4. */
export const REQUEST_BYTES = 28;
/** magic 4, error 4, cookie 8. */
export const SIMPLE_REPLY_BYTES = 16;
/** magic 4, flags 2, type 2, cookie 8, length 4. */
export const CHUNK_HEADER_BYTES = 20;
/** A chunk header and the offset before its data. */
export const DATA_CHUNK_HEADER_BYTES: number = CHUNK_HEADER_BYTES + 8;
/** A chunk header, the error and a message of no bytes. */
export const ERROR_CHUNK_BYTES: number = CHUNK_HEADER_BYTES + 6;
/** A chunk header and the context id; descriptors of 8 bytes follow. */
export const STATUS_CHUNK_HEADER_BYTES: number = CHUNK_HEADER_BYTES + 4;
export const STATUS_DESCRIPTOR_BYTES = 8;
/** magic 8, option 4, length 4. */
export const OPTION_HEADER_BYTES = 16;
/** magic 8, option 4, reply type 4, length 4. */
export const OPTION_REPLY_HEADER_BYTES = 20;
/** Zero bytes that end the answer to NBD_OPT_EXPORT_NAME unless the client declined them. */
export const EXPORT_NAME_ZEROES = 124;

/** The longest string the protocol allows: export names and context queries. */
export const NBD_STRING_BYTES_MAX = 4096;
/** Smallest unit a client may address. */
export const BLOCK_BYTES_MIN = 1;
/** Unit that is served without touching bytes around it. */
export const BLOCK_BYTES_PREFERRED: number = PAGE_SIZE;
/** Most payload bytes of one read or write. */
export const PAYLOAD_BYTES_MAX: number = 32 * 1024 * 1024;

/** Name and id of the one metadata context. */
export const BASE_ALLOCATION = 'base:allocation';
export const BASE_ALLOCATION_ID = 1;
