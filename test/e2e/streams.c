/*
 * What another library makes of pages and streams, for streams.test.ts.
 *
 *   streams LIBRARY encode    pages of 4096 bytes in; for each its length (4 bytes) and stream out
 *   streams LIBRARY decode    lengths and streams in, pages out; status 1 at the first bad one
 */
#include <lz4.h>
#include <lzo/lzo1x.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

enum { PAGE = 4096, STREAM = PAGE + 1024 };

static unsigned char page[PAGE], stream[STREAM], work[LZO1X_1_MEM_COMPRESS];

static int encode(int is_lzo) {
  if (!is_lzo) return LZ4_compress_default((char *)page, (char *)stream, PAGE, STREAM);
  lzo_uint made = STREAM;
  return lzo1x_1_compress(page, PAGE, stream, &made, work) == LZO_E_OK ? (int)made : 0;
}

static int decode(int is_lzo, uint32_t length) {
  if (!is_lzo) return LZ4_decompress_safe((char *)stream, (char *)page, (int)length, PAGE);
  lzo_uint made = PAGE;
  return lzo1x_decompress_safe(stream, length, page, &made, NULL) == LZO_E_OK ? (int)made : 0;
}

int main(int argc, char **argv) {
  if (argc != 3 || lzo_init() != LZO_E_OK) return 2;
  int is_lzo = strcmp(argv[1], "lzo") == 0;
  uint32_t length;
  if (strcmp(argv[2], "encode") == 0) {
    while (fread(page, PAGE, 1, stdin) == 1) {
      length = encode(is_lzo);
      if (length == 0) return 1;
      fwrite(&length, 4, 1, stdout);
      fwrite(stream, length, 1, stdout);
    }
    return 0;
  }
  while (fread(&length, 4, 1, stdin) == 1) {
    if (length > STREAM || fread(stream, length, 1, stdin) != 1) return 1;
    if (decode(is_lzo, length) != PAGE) return 1;
    fwrite(page, PAGE, 1, stdout);
  }
  return 0;
}
