/*
 * A client that loads an NBD server with real page contents, with which nbd.ts and memory.ts
 * measure.
 *
 *   nbd-load SOCKET EXPORT PAGES_FILE [FIRST_BYTE]
 *
 * Connects to a Unix socket and then takes one command a line from standard input. It uses the
 * export from FIRST_BYTE on, so that clients of one server need not write over each other's pages.
 *
 *   fill BYTES                       write the front of the export once, in requests of 128 KiB
 *   trim                             discard what was filled, in requests of 2 MiB
 *   sweep                            read and compare what was filled
 *   run JOB BLOCK_BYTES DEPTH MILLISECONDS [COUNT]
 *       JOB: randwrite, randread, write (ascending), read (ascending), swap or guest (mixes, see
 *       below); ends after COUNT requests, where that is given, so that all servers get the same
 *
 * and answers each with one line: REQUESTS BYTES NANOSECONDS P50_NS P99_NS. Every page that is
 * read is compared with what was last written there; a difference ends the program with status 1.
 *
 * Contents: consecutive pages of the file from a random one on, so that neighbours in a request
 * are neighbours in memory. The mixes have what a swapping kernel sends. swap: writes mostly of one
 * page with most bytes in large ones, reads of one page or of eight, now and then 2 MiB of discard.
 * guest: two reads a write; of the writes 88 % are of one page, 10 % of 128 KiB, the rest between;
 * of the reads 50 % are of one page, 35 % of 32 KiB, the rest between; every 256th request discards
 * 2 MiB; and only what has been written is read.
 */
#define _GNU_SOURCE
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

enum { PAGE = 4096, DEPTH_MAX = 64, BLOCK_MAX = 1 << 20, FILL = 1 << 17, TRIM = 1 << 21 };
enum { READ = 0, WRITE = 1, DISCARD = 4 };
enum { LATENCIES_MAX = 1 << 22 };
#define UNKNOWN UINT32_MAX

struct request {
  int type;
  uint64_t page;
  uint32_t bytes;
  double started;
};

static int fd;
static unsigned char *sample;
static uint32_t sample_pages;
static uint32_t *contents; /* by page of the export: number of the sample's page, or UNKNOWN */
static unsigned char *busy;
static uint64_t filled_pages;
static uint64_t first_byte;
static uint32_t mixed; /* requests of the guest's mix so far */
static struct request requests[DEPTH_MAX];
static unsigned char buffer[BLOCK_MAX];
static float *latencies;
static uint64_t random_state = 88172645463325252u;

static void fail(const char *what) {
  fprintf(stderr, "nbd-load: %s\n", what);
  exit(1);
}

static double now_ns(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1e9 + t.tv_nsec;
}

static uint32_t below(uint32_t limit) {
  random_state ^= random_state << 13;
  random_state ^= random_state >> 7;
  random_state ^= random_state << 17;
  return (uint32_t)((random_state >> 32) * limit >> 32);
}

static void get(void *to, size_t bytes) {
  unsigned char *at = to;
  while (bytes > 0) {
    ssize_t got = recv(fd, at, bytes, 0);
    if (got <= 0) fail("the server has closed the connection");
    at += got;
    bytes -= got;
  }
}

static void put(struct iovec *parts, int count) {
  while (count > 0) {
    ssize_t sent = writev(fd, parts, count);
    if (sent < 0) fail("cannot send");
    for (; count > 0 && (size_t)sent >= parts->iov_len; parts++, count--) sent -= parts->iov_len;
    if (count > 0) {
      parts->iov_base = (char *)parts->iov_base + sent;
      parts->iov_len -= sent;
    }
  }
}

static void negotiate(const char *path, const char *name) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  strncpy(address.sun_path, path, sizeof address.sun_path - 1);
  fd = socket(AF_UNIX, SOCK_STREAM, 0);
  if (connect(fd, (struct sockaddr *)&address, sizeof address) != 0) fail("cannot connect");
  unsigned char head[18];
  get(head, sizeof head);
  if (memcmp(head, "NBDMAGICIHAVEOPT", 16) != 0) fail("not a newstyle NBD server");
  uint32_t flags = htobe32(3), option = htobe32(1), length = htobe32(strlen(name));
  struct iovec parts[] = {
    {&flags, 4}, {"IHAVEOPT", 8}, {&option, 4}, {&length, 4}, {(void *)name, strlen(name)}};
  put(parts, 5);
  unsigned char answer[10];
  get(answer, sizeof answer);
  uint64_t size;
  memcpy(&size, answer, 8);
  size_t pages = (be64toh(size) - first_byte) / PAGE;
  contents = malloc(pages * sizeof *contents);
  busy = calloc(pages, 1);
  latencies = malloc(LATENCIES_MAX * sizeof *latencies);
  if (contents == NULL || busy == NULL || latencies == NULL) fail("no memory");
  for (size_t i = 0; i < pages; i++) contents[i] = UNKNOWN;
}

static void submit(int slot, int type, uint64_t page, uint32_t bytes) {
  struct request *request = &requests[slot];
  *request = (struct request){type, page, bytes, 0};
  memset(busy + page, 1, bytes / PAGE);
  unsigned char head[28] = {0x25, 0x60, 0x95, 0x13, 0, 0, 0, type};
  uint64_t cookie = slot, offset = htobe64(first_byte + page * PAGE);
  uint32_t length = htobe32(bytes);
  memcpy(head + 8, &cookie, 8);
  memcpy(head + 16, &offset, 8);
  memcpy(head + 24, &length, 4);
  struct iovec parts[3] = {{head, sizeof head}};
  int count = 1;
  if (type == WRITE) {
    uint32_t pages = bytes / PAGE, first = below(sample_pages);
    for (uint32_t i = 0; i < pages; i++) contents[page + i] = (first + i) % sample_pages;
    uint32_t front = pages < sample_pages - first ? pages : sample_pages - first;
    parts[count++] = (struct iovec){sample + (size_t)first * PAGE, (size_t)front * PAGE};
    if (front < pages) parts[count++] = (struct iovec){sample, (size_t)(pages - front) * PAGE};
  } else if (type == DISCARD) {
    for (uint32_t i = 0; i < bytes / PAGE; i++) contents[page + i] = UNKNOWN;
  }
  request->started = now_ns();
  put(parts, count);
}

/* Receives one reply; the number of the request that it ends. */
static int complete(void) {
  struct { uint32_t magic, error; uint64_t cookie; } __attribute__((packed)) reply;
  get(&reply, sizeof reply);
  if (be32toh(reply.magic) != 0x67446698u || reply.cookie >= DEPTH_MAX) fail("not a reply");
  if (reply.error != 0) fail("a request failed");
  struct request *request = &requests[reply.cookie];
  if (request->type == READ) {
    get(buffer, request->bytes);
    for (uint32_t i = 0; i < request->bytes / PAGE; i++) {
      uint32_t wanted = contents[request->page + i];
      if (wanted == UNKNOWN) continue;
      if (memcmp(buffer + i * PAGE, sample + (size_t)wanted * PAGE, PAGE) != 0) {
        fail("a page came back different");
      }
    }
  }
  memset(busy + request->page, 0, request->bytes / PAGE);
  return (int)reply.cookie;
}

static int is_busy(uint64_t page, uint32_t pages) {
  return memchr(busy + page, 1, pages) != NULL;
}

static uint64_t pick(uint32_t bytes) {
  uint32_t pages = bytes / PAGE;
  uint64_t page;
  do page = (uint64_t)below(filled_pages / pages) * pages;
  while (is_busy(page, pages));
  return page;
}

static void submit_mixed(int slot) {
  uint32_t dice = below(1000);
  if (dice < 5) return submit(slot, DISCARD, pick(TRIM), TRIM);
  if (dice < 450) {
    uint32_t size = below(100), bytes = size < 88 ? PAGE : size < 96 ? 1 << 17 : 1 << 18;
    return submit(slot, WRITE, pick(bytes), bytes);
  }
  uint32_t bytes = below(100) < 55 ? PAGE : 8 * PAGE;
  submit(slot, READ, pick(bytes), bytes);
}

/* A place to read from, that has been written unless there is hardly such a place. */
static uint64_t pick_written(uint32_t bytes) {
  uint64_t page = pick(bytes);
  for (int tries = 0; contents[page] == UNKNOWN && tries < 1000; tries++) page = pick(bytes);
  return page;
}

static void submit_guest(int slot) {
  if (++mixed % 256 == 0) return submit(slot, DISCARD, pick(TRIM), TRIM);
  uint32_t size = below(100), bytes;
  if (below(3) == 0) {
    bytes = size < 88 ? PAGE : size < 98 ? 32 * PAGE : (2 + below(30)) * PAGE;
    return submit(slot, WRITE, pick(bytes), bytes);
  }
  bytes = size < 50 ? PAGE : size < 85 ? 8 * PAGE : (2 + below(6)) * PAGE;
  submit(slot, READ, pick_written(bytes), bytes);
}

static void submit_job(int slot, const char *job, uint32_t bytes, uint64_t *cursor) {
  if (strcmp(job, "swap") == 0) return submit_mixed(slot);
  if (strcmp(job, "guest") == 0) return submit_guest(slot);
  int type = strstr(job, "write") != NULL ? WRITE : READ;
  if (strncmp(job, "rand", 4) == 0) return submit(slot, type, pick(bytes), bytes);
  if (*cursor + bytes / PAGE > filled_pages) *cursor = 0;
  submit(slot, type, *cursor, bytes);
  *cursor += bytes / PAGE;
}

static int by_size(const void *a, const void *b) {
  float x = *(const float *)a, y = *(const float *)b;
  return (x > y) - (x < y);
}

static void report(uint64_t count, uint64_t bytes, double ns) {
  uint64_t kept = count < LATENCIES_MAX ? count : LATENCIES_MAX;
  qsort(latencies, kept, sizeof *latencies, by_size);
  double p50 = kept > 0 ? latencies[kept / 2] : 0, p99 = kept > 0 ? latencies[kept * 99 / 100] : 0;
  printf("%llu %llu %.0f %.0f %.0f\n", (unsigned long long)count, (unsigned long long)bytes, ns,
         p50, p99);
}

static void run(const char *job, uint32_t bytes, int depth, double milliseconds, uint64_t limit) {
  if (depth < 1 || depth > DEPTH_MAX || bytes < PAGE || bytes > BLOCK_MAX) fail("out of range");
  uint64_t count = 0, moved = 0, cursor = 0;
  double start = now_ns(), end = start + milliseconds * 1e6, now = start;
  int pending = 0;
  for (; pending < depth; pending++) submit_job(pending, job, bytes, &cursor);
  uint64_t left = limit > (uint64_t)depth ? limit - depth : 0;
  while (pending > 0) {
    int slot = complete();
    now = now_ns();
    latencies[count++ % LATENCIES_MAX] = now - requests[slot].started;
    moved += requests[slot].bytes;
    if (now < end && left > 0) {
      left--;
      submit_job(slot, job, bytes, &cursor);
    } else pending--;
  }
  report(count, moved, now - start);
}

/* All of the filled part in order, four requests at a time. */
static void pass(int type, uint32_t bytes) {
  uint64_t next = 0, done = 0;
  double start = now_ns();
  int depth = 0;
  for (; depth < 4 && next < filled_pages; depth++, next += bytes / PAGE) {
    submit(depth, type, next, bytes);
  }
  for (; depth > 0; done++) {
    int slot = complete();
    latencies[done % LATENCIES_MAX] = now_ns() - requests[slot].started;
    if (next < filled_pages) {
      submit(slot, type, next, bytes);
      next += bytes / PAGE;
    } else depth--;
  }
  report(done, filled_pages * PAGE, now_ns() - start);
}

int main(int argc, char **argv) {
  if (argc < 4 || argc > 5) fail("usage: nbd-load SOCKET EXPORT PAGES_FILE [FIRST_BYTE]");
  if (argc == 5) first_byte = strtoull(argv[4], NULL, 10);
  struct stat status;
  int file = open(argv[3], O_RDONLY);
  if (file < 0 || fstat(file, &status) != 0) fail("cannot open the pages");
  sample_pages = status.st_size / PAGE;
  sample = malloc((size_t)sample_pages * PAGE);
  if (sample == NULL || sample_pages < BLOCK_MAX / PAGE) fail("too few pages");
  if (read(file, sample, (size_t)sample_pages * PAGE) != (ssize_t)sample_pages * PAGE) {
    fail("cannot read the pages");
  }
  negotiate(argv[1], argv[2]);
  char line[256], job[32];
  unsigned bytes, milliseconds;
  unsigned long long all, limit;
  int depth, given;
  while (fgets(line, sizeof line, stdin) != NULL) {
    if (sscanf(line, "fill %llu", &all) == 1) {
      filled_pages = all / TRIM * (TRIM / PAGE);
      pass(WRITE, FILL);
    } else if (strcmp(line, "trim\n") == 0) pass(DISCARD, TRIM);
    else if (strcmp(line, "sweep\n") == 0) pass(READ, FILL);
    else if ((given = sscanf(line, "run %31s %u %d %u %llu", job, &bytes, &depth, &milliseconds,
                             &limit)) >= 4) {
      run(job, bytes, depth, milliseconds, given == 5 ? limit : UINT64_MAX);
    } else fail("unknown command");
    fflush(stdout);
  }
  return 0;
}
