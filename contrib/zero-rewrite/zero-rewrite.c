/*
 * Looks for a lost write in Linux: a page that was overwritten with zeros and reads back as what it
 * held before, because zswap wrote an older copy of its swap slot back. Run it through run.sh, which
 * makes a swap area and restores every setting.
 *
 * A round, page by page:
 *
 *   old    The page is filled and paged out. Meanwhile another thread does nothing but read it, so
 *          it faults while the page is being compressed, and its reference keeps the page in the
 *          swap cache. Now the page is in memory, clean, and zswap has an entry of the same slot.
 *   new    Zeros are written to it and it is paged out again. The slot gets the zero flag.
 *
 * and then for all of them together:
 *
 *   write  The pool's limit is set to 0, and pages of no interest are paged out, which sets the
 *          shrink worker going, until it has nothing more to write back.
 *   read   All pages must be zero.
 *
 * Exit status: 0 all were zero, 1 some were not, 2 it could not be tried.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#ifndef MADV_PAGEOUT
#define MADV_PAGEOUT 21
#endif

enum { PAGE = 4096, WORDS = PAGE / sizeof(uint64_t) };
/*
 * Pages that are paged out only to be refused, which queues the worker. One of its runs passes over
 * 16 entries at least; each is passed over once.
 */
enum { DECOYS = 512, PAUSE_US = 2000 };

static const char LIMIT[] = "/sys/module/zswap/parameters/max_pool_percent";

static _Noreturn void fail(const char *what) {
  fprintf(stderr, "zero-rewrite: %s: %s\n", what, strerror(errno));
  exit(2);
}

static void set_limit(const char *percent) {
  int file = open(LIMIT, O_WRONLY);
  if (file < 0 || write(file, percent, strlen(percent)) < 0) fail(LIMIT);
  close(file);
}

/* One counter of /proc/vmstat. */
static long count_of(const char *name) {
  FILE *file = fopen("/proc/vmstat", "r");
  char key[64];
  long value, found = -1;
  if (file == NULL) fail("/proc/vmstat");
  while (fscanf(file, "%63s %ld", key, &value) == 2) {
    if (strcmp(key, name) == 0) found = value;
  }
  fclose(file);
  if (found < 0) {
    errno = ENOENT;
    fail(name);
  }
  return found;
}

/* Runs the calling thread on the first or second of the processors that the process may use. */
static void pin_to_cpu(const cpu_set_t *allowed, int which) {
  cpu_set_t one;
  for (int cpu = 0; cpu < CPU_SETSIZE; cpu++) {
    if (!CPU_ISSET(cpu, allowed) || which-- > 0) continue;
    CPU_ZERO(&one);
    CPU_SET(cpu, &one);
    if (sched_setaffinity(0, sizeof one, &one) != 0) fail("sched_setaffinity");
    return;
  }
  errno = ENODEV;
  fail("two processors are needed");
}

/* What the reader reads, NULL for nothing, and what it last read, so that one can wait for it. */
static _Atomic(uint64_t *) wanted;
static _Atomic(uint64_t *) reading;
static atomic_bool over;

static void *read_on(void *allowed) {
  pin_to_cpu(allowed, 1);
  while (!atomic_load(&over)) {
    uint64_t *page = atomic_load(&wanted);
    if (page != NULL) (void)*(volatile uint64_t *)page;
    else sched_yield();
    atomic_store(&reading, page);
  }
  return NULL;
}

static void have_read(uint64_t *page) {
  atomic_store(&wanted, page);
  while (atomic_load(&reading) != page) sched_yield();
}

static void page_out(void *page) {
  if (madvise(page, PAGE, MADV_PAGEOUT) != 0) fail("MADV_PAGEOUT");
}

/* Compresses well, and says which page of which round it is. */
static uint64_t old_word(long round, long page) {
  return ((uint64_t)round << 32 | (uint64_t)page) + 0x5a00000000000001ULL;
}

static void *map_pages(long pages) {
  void *start = mmap(NULL, pages * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (start == MAP_FAILED) fail("mmap");
  madvise(start, pages * PAGE, MADV_NOHUGEPAGE);
  return start;
}

/* Fills a page and leaves it in memory and in zswap at once. */
static void make_old(uint64_t *page, uint64_t word) {
  for (int i = 0; i < WORDS; i++) page[i] = word;
  have_read(page);
  page_out(page);
  have_read(NULL);
}

/* Has the shrink worker write entries back until it has written as many as there are. */
static long drain(uint64_t *decoys, long entries) {
  long before = count_of("zswpwb"), written = 0;
  set_limit("0");
  for (long page = 0; page < DECOYS && written < entries; page++) {
    uint64_t *decoy = decoys + page * WORDS;
    for (int i = 0; i < WORDS; i++) decoy[i] = page + i + 1;
    page_out(decoy);
    usleep(PAUSE_US);
    written = count_of("zswpwb") - before;
  }
  return written;
}

int main(int argc, char **argv) {
  long rounds = argc > 1 ? atol(argv[1]) : 20, pages = argc > 2 ? atol(argv[2]) : 512, lost = 0;
  if (rounds < 1 || pages < 1) {
    fprintf(stderr, "usage: zero-rewrite [ROUNDS [PAGES]]\n");
    return 2;
  }
  pthread_t reader;
  cpu_set_t allowed;
  if (sched_getaffinity(0, sizeof allowed, &allowed) != 0) fail("sched_getaffinity");
  pin_to_cpu(&allowed, 0);
  if (pthread_create(&reader, NULL, read_on, &allowed) != 0) fail("pthread_create");
  for (long round = 1; round <= rounds; round++) {
    uint64_t *area = map_pages(pages), *decoys = map_pages(DECOYS);
    long stored = count_of("zswpout"), loaded = count_of("zswpin");
    set_limit("50");
    for (long i = 0; i < pages; i++) make_old(area + i * WORDS, old_word(round, i));
    long both = count_of("zswpout") - stored - (count_of("zswpin") - loaded);
    long zero = count_of("swpout_zero");
    for (long i = 0; i < pages; i++) memset(area + i * WORDS, 0, PAGE);
    for (long i = 0; i < pages; i++) page_out(area + i * WORDS);
    zero = count_of("swpout_zero") - zero;
    long written = drain(decoys, both);
    long stale = 0;
    for (long i = 0; i < pages; i++) {
      uint64_t word = *(volatile uint64_t *)(area + i * WORDS);
      if (word == 0) continue;
      stale++;
      if (word != old_word(round, i)) fprintf(stderr, "zero-rewrite: page %ld holds neither\n", i);
    }
    printf("round %ld: %ld pages, %ld kept in memory and in zswap, %ld zeroed and paged out, "
           "%ld entries written back, %ld stale\n", round, pages, both, zero, written, stale);
    fflush(stdout);
    lost += stale;
    munmap(area, pages * PAGE);
    munmap(decoys, DECOYS * PAGE);
  }
  atomic_store(&over, true);
  pthread_join(reader, NULL);
  printf("%ld pages that were overwritten with zeros held older data\n", lost);
  return lost > 0 ? 1 : 0;
}
