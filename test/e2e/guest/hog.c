/*
 * A program that needs more memory than its machine has, and knows what each byte of it must be.
 *
 *   hog MIB [SEED [phases]]
 *
 * Fills MIB of anonymous memory page by page, checks every byte, rewrites a random third (each page
 * is checked before it is overwritten), and checks every byte again. The contents of a page follow
 * from the seed, its index and how often it was written, so nothing but one counter per page has to
 * be remembered. Of 16 pages 1 is zero, 2 repeat one word, 8 are text with some noise in it
 * (about 3:1), and 5 are noise that no compressor shrinks.
 *
 * With `phases` it lives through a disk that fails: it stops three times, prints `PHASE NAME`, and
 * goes on when it has read a line. In `write-errors` it rewrites, in `read-errors` it checks, and a
 * page that cannot be read (SIGBUS) is counted and passed over, and in `recovery` it checks until
 * all pages are there again.
 *
 * Prints one line per phase. Exit status: 0 every byte was right, 1 some page was not, 2 usage.
 */
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

enum { PAGE_BYTES = 4096, PAGE_WORDS = PAGE_BYTES / 8, PAGES_PER_MIB = 256, REPORTED_MAX = 5,
       RECOVERY_PASSES = 5 };

static const char phrase[] =
	"A page leaves memory compressed, waits its turn, and comes back as it was, every byte. ";

static uint64_t seed;
static uint64_t page_count;
static uint64_t (*pages)[PAGE_WORDS];
static uint8_t *generations;
static uint64_t bad_pages;
/* Pages that could not be read in the current pass, and where to go on after one. */
static uint64_t unreadable_pages;
static sigjmp_buf after_unreadable;
static volatile sig_atomic_t may_be_unreadable;

/* splitmix64: the next state's well mixed value. */
static uint64_t next_random(uint64_t *state)
{
	uint64_t z = (*state += 0x9e3779b97f4a7c15u);

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	return z ^ (z >> 31);
}

static void fill_text(uint64_t *words, uint64_t *state, uint64_t index)
{
	char *bytes = (char *)words;
	uint64_t start = next_random(state) % (sizeof phrase - 1);

	for (uint64_t i = 0; i < PAGE_BYTES; i++)
		bytes[i] = phrase[(start + i) % (sizeof phrase - 1)];
	for (int i = 0; i < 128; i++) {
		uint64_t noise = next_random(state);

		words[noise % PAGE_WORDS] = noise;
	}
	words[0] = index;
}

/* Writes what page `index` must hold after `generation` rewrites. */
static void fill(uint64_t *words, uint64_t index, unsigned generation)
{
	uint64_t state = seed * 1000003 + index * 0xff51afd7ed558ccdu + generation;
	unsigned kind = next_random(&state) & 15;
	uint64_t word = next_random(&state);

	if (kind == 0) {
		memset(words, 0, PAGE_BYTES);
	} else if (kind <= 2) {
		for (int i = 0; i < PAGE_WORDS; i++)
			words[i] = word;
	} else if (kind <= 10) {
		fill_text(words, &state, index);
	} else {
		for (int i = 0; i < PAGE_WORDS; i++)
			words[i] = next_random(&state);
	}
}

static void on_sigbus(int signal)
{
	if (!may_be_unreadable)
		_exit(128 + signal);
	siglongjmp(after_unreadable, 1);
}

static void check(uint64_t index)
{
	uint64_t expected[PAGE_WORDS];

	fill(expected, index, generations[index]);
	if (may_be_unreadable && sigsetjmp(after_unreadable, 0) != 0) {
		unreadable_pages++;
		return;
	}
	if (memcmp(expected, pages[index], PAGE_BYTES) == 0)
		return;
	if (bad_pages++ < REPORTED_MAX)
		printf("hog: page %llu is wrong (generation %d)\n", (unsigned long long)index,
		       generations[index]);
}

static double seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec + now.tv_nsec * 1e-9;
}

static void check_all(const char *phase)
{
	double start = seconds();

	unreadable_pages = 0;
	for (uint64_t i = 0; i < page_count; i++)
		check(i);
	printf("hog: %s %.1f s, %llu bad, %llu unreadable\n", phase, seconds() - start,
	       (unsigned long long)bad_pages, (unsigned long long)unreadable_pages);
}

static void rewrite_third(const char *phase)
{
	double start = seconds();
	static uint64_t chance;

	chance += seed;
	for (uint64_t n = 0; n < page_count / 3; n++) {
		uint64_t i = next_random(&chance) % page_count;

		check(i);
		fill(pages[i], i, ++generations[i]);
	}
	printf("hog: %s %.1f s, %llu bad\n", phase, seconds() - start,
	       (unsigned long long)bad_pages);
}

static void enter_phase(const char *name)
{
	char line[64];

	printf("PHASE %s\n", name);
	if (fgets(line, sizeof line, stdin) == NULL)
		printf("hog: nobody says go on\n");
}

/*
 * A page that could not be read stays in the swap cache as such, and is read again only when it has
 * been reclaimed there: on the active list that may take for ever. The kernel frees as much as it
 * can of what it is asked for, and says so with an error.
 */
static void reclaim_all(void)
{
	FILE *file = fopen("/sys/fs/cgroup/hog/memory.reclaim", "w");

	if (file == NULL) {
		perror("hog: memory.reclaim");
		return;
	}
	fprintf(file, "%llu", (unsigned long long)page_count * PAGE_BYTES);
	fclose(file);
}

static void live_through_errors(void)
{
	struct sigaction action = { .sa_handler = on_sigbus, .sa_flags = SA_NODEFER };

	sigaction(SIGBUS, &action, NULL);
	enter_phase("write-errors");
	/* Twice: most of what the first makes dirty still fits into memory. */
	rewrite_third("rewrite under errors");
	rewrite_third("rewrite under errors");
	enter_phase("read-errors");
	may_be_unreadable = 1;
	check_all("check under errors");
	enter_phase("recovery");
	for (int pass = 0; pass < RECOVERY_PASSES; pass++) {
		reclaim_all();
		check_all("check after errors");
		if (unreadable_pages == 0)
			break;
	}
	bad_pages += unreadable_pages;
	may_be_unreadable = 0;
}

int main(int argc, char **argv)
{
	double start;

	if (argc < 2 || atoll(argv[1]) <= 0) {
		fprintf(stderr, "usage: hog MIB [SEED [phases]]\n");
		return 2;
	}
	page_count = atoll(argv[1]) * PAGES_PER_MIB;
	seed = argc > 2 ? strtoull(argv[2], NULL, 10) : 1;
	generations = calloc(page_count, 1);
	setvbuf(stdout, NULL, _IOLBF, 0);
	/* What is not a page to be checked must never be what cannot be read. */
	if (argc > 3 && mlockall(MCL_CURRENT) != 0)
		perror("hog: mlockall");
	pages = mmap(NULL, page_count * PAGE_BYTES, PROT_READ | PROT_WRITE,
		     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (generations == NULL || pages == MAP_FAILED) {
		perror("hog");
		return 2;
	}
	madvise(pages, page_count * PAGE_BYTES, MADV_NOHUGEPAGE);

	start = seconds();
	for (uint64_t i = 0; i < page_count; i++)
		fill(pages[i], i, 0);
	printf("hog: fill %.1f s, %s MiB\n", seconds() - start, argv[1]);
	check_all("first check");

	if (argc > 3)
		live_through_errors();
	rewrite_third("rewrite");
	check_all("last check");
	return bad_pages != 0;
}
