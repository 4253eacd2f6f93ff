/*
 * The native libraries, and a block device, over the pages of a file: what page.ts compares with.
 *
 *   page FILE
 *
 * Reads one contestant a line from standard input and answers with one line each:
 *
 *   lz4 | lzo | zstd:LEVEL | deflate | device:REQUEST_BYTES:PATH
 *   NAME OUT_NS IN_NS STORED_BYTES
 *
 * Out: compress each page and append the result to one packed area, raw if it did not shrink. In:
 * the other way. For a device: direct I/O with requests of the given size. Times are processor
 * time, user and system, of all pages. After the timed part all pages are compared; a difference
 * ends the program with status 1.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#ifdef HAVE_LZ4
#include <lz4.h>
#endif
#ifdef HAVE_LZO
#include <lzo/lzo1x.h>
#endif
#ifdef HAVE_ZSTD
#include <zstd.h>
#endif
#ifdef HAVE_ZLIB
#include <zlib.h>
#endif

enum { PAGE = 4096, WINDOW = PAGE + 1024 };

static unsigned char *pages, *packed, *back;
static size_t page_count, *offsets;
static int level;
static unsigned char window[WINDOW];

typedef int coder(const unsigned char *from, int length, unsigned char *to);

static void fail(const char *what) {
  fprintf(stderr, "page: %s\n", what);
  exit(1);
}

static double now_ns(void) {
  struct timespec t;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return t.tv_sec * 1e9 + t.tv_nsec;
}

#ifdef HAVE_LZ4
static char lz4_state[1 << 15];
static int lz4_out(const unsigned char *from, int length, unsigned char *to) {
  return LZ4_compress_fast_extState(lz4_state, (const char *)from, (char *)to, length, WINDOW, 1);
}
static int lz4_in(const unsigned char *from, int length, unsigned char *to) {
  return LZ4_decompress_safe((const char *)from, (char *)to, length, PAGE);
}
#endif
#ifdef HAVE_LZO
static unsigned char lzo_state[LZO1X_1_MEM_COMPRESS];
static int lzo_out(const unsigned char *from, int length, unsigned char *to) {
  lzo_uint made = WINDOW;
  return lzo1x_1_compress(from, length, to, &made, lzo_state) == LZO_E_OK ? (int)made : 0;
}
static int lzo_in(const unsigned char *from, int length, unsigned char *to) {
  lzo_uint made = PAGE;
  return lzo1x_decompress_safe(from, length, to, &made, NULL) == LZO_E_OK ? (int)made : 0;
}
#endif
#ifdef HAVE_ZSTD
static ZSTD_CCtx *zstd_c;
static ZSTD_DCtx *zstd_d;
static int zstd_out(const unsigned char *from, int length, unsigned char *to) {
  size_t made = ZSTD_compressCCtx(zstd_c, to, WINDOW, from, length, level);
  return ZSTD_isError(made) ? 0 : (int)made;
}
static int zstd_in(const unsigned char *from, int length, unsigned char *to) {
  size_t made = ZSTD_decompressDCtx(zstd_d, to, PAGE, from, length);
  return ZSTD_isError(made) ? 0 : (int)made;
}
#endif
#ifdef HAVE_ZLIB
static z_stream deflater, inflater;
static int deflate_out(const unsigned char *from, int length, unsigned char *to) {
  deflateReset(&deflater);
  deflater.next_in = (unsigned char *)from;
  deflater.avail_in = length;
  deflater.next_out = to;
  deflater.avail_out = WINDOW;
  return deflate(&deflater, Z_FINISH) == Z_STREAM_END ? (int)deflater.total_out : 0;
}
static int deflate_in(const unsigned char *from, int length, unsigned char *to) {
  inflateReset(&inflater);
  inflater.next_in = (unsigned char *)from;
  inflater.avail_in = length;
  inflater.next_out = to;
  inflater.avail_out = PAGE;
  return inflate(&inflater, Z_FINISH) == Z_STREAM_END ? (int)inflater.total_out : 0;
}
#endif

static void compare(void) {
  if (memcmp(pages, back, page_count * PAGE) != 0) fail("a page came back different");
  memset(back, 0xa5, page_count * PAGE);
}

static void run_codec(const char *name, coder *out, coder *in) {
  double start = now_ns();
  size_t end = 0;
  for (size_t i = 0; i < page_count; i++) {
    const unsigned char *page = pages + i * PAGE;
    int length = out(page, PAGE, window);
    offsets[i] = end;
    if (length == 0 || length >= PAGE) {
      memcpy(packed + end, page, PAGE);
      end += PAGE;
    } else {
      memcpy(packed + end, window, length);
      end += length;
    }
  }
  offsets[page_count] = end;
  double middle = now_ns();
  for (size_t i = 0; i < page_count; i++) {
    size_t length = offsets[i + 1] - offsets[i];
    if (length == PAGE) memcpy(back + i * PAGE, packed + offsets[i], PAGE);
    else if (in(packed + offsets[i], (int)length, back + i * PAGE) != PAGE) fail("bad stream");
  }
  double stop = now_ns();
  compare();
  printf("%s %.0f %.0f %zu\n", name, middle - start, stop - middle, end);
}

static void run_device(const char *name, char *arguments) {
  char *path;
  size_t bytes = strtoul(arguments, &path, 10), all = page_count * PAGE;
  if (bytes == 0 || *path++ != ':') fail("device:REQUEST_BYTES:PATH");
  int fd = open(path, O_RDWR | O_DIRECT);
  if (fd < 0) fail("cannot open the device");
  double start = now_ns();
  for (size_t at = 0; at < all; at += bytes) {
    ssize_t length = bytes < all - at ? bytes : all - at;
    if (pwrite(fd, pages + at, length, at) != length) fail("write");
  }
  double middle = now_ns();
  for (size_t at = 0; at < all; at += bytes) {
    ssize_t length = bytes < all - at ? bytes : all - at;
    if (pread(fd, back + at, length, at) != length) fail("read");
  }
  double stop = now_ns();
  close(fd);
  compare();
  printf("%s %.0f %.0f 0\n", name, middle - start, stop - middle);
}

static void run(char *name) {
#ifdef HAVE_LZ4
  if (strcmp(name, "lz4") == 0) return run_codec(name, lz4_out, lz4_in);
#endif
#ifdef HAVE_LZO
  if (strcmp(name, "lzo") == 0) return run_codec(name, lzo_out, lzo_in);
#endif
#ifdef HAVE_ZSTD
  if (strncmp(name, "zstd:", 5) == 0) {
    level = atoi(name + 5);
    return run_codec(name, zstd_out, zstd_in);
  }
#endif
#ifdef HAVE_ZLIB
  if (strcmp(name, "deflate") == 0) return run_codec(name, deflate_out, deflate_in);
#endif
  if (strncmp(name, "device:", 7) == 0) return run_device(name, name + 7);
  fail("unknown contestant");
}

static unsigned char *aligned(size_t bytes) {
  unsigned char *area = aligned_alloc(PAGE, (bytes + PAGE - 1) / PAGE * PAGE);
  if (area == NULL) fail("no memory");
  memset(area, 0, bytes);
  return area;
}

int main(int argc, char **argv) {
  struct stat status;
  int fd = argc == 2 ? open(argv[1], O_RDONLY) : -1;
  if (fd < 0 || fstat(fd, &status) != 0) fail("usage: page FILE");
  page_count = status.st_size / PAGE;
  pages = aligned(page_count * PAGE);
  back = aligned(page_count * PAGE);
  packed = aligned(page_count * PAGE);
  offsets = calloc(page_count + 1, sizeof *offsets);
  if (offsets == NULL || read(fd, pages, page_count * PAGE) != (ssize_t)(page_count * PAGE)) {
    fail("cannot read the pages");
  }
#ifdef HAVE_LZO
  if (lzo_init() != LZO_E_OK) fail("lzo_init");
#endif
#ifdef HAVE_ZSTD
  zstd_c = ZSTD_createCCtx();
  zstd_d = ZSTD_createDCtx();
#endif
#ifdef HAVE_ZLIB
  deflateInit2(&deflater, 6, Z_DEFLATED, -11, 8, Z_DEFAULT_STRATEGY);
  inflateInit2(&inflater, -11);
#endif
  char line[512];
  while (fgets(line, sizeof line, stdin) != NULL) {
    line[strcspn(line, "\n")] = 0;
    run(line);
    fflush(stdout);
  }
  return 0;
}
