/*
 * A program that needs more memory than its machine has, and knows what each byte of it must be.
 *
 *   hog MIB [SEED [phases] [pages=FILE]]
 *
 * Fills MIB of anonymous memory page by page, checks every byte, rewrites a random third (each page
 * is checked before it is overwritten), and checks every byte again. The contents of a page follow
 * from the seed, its index and how often it was written, so nothing but one counter per page has to
 * be remembered. Of 16 pages 1 is zero, 2 repeat one word, 8 are text with some noise in it
 * (about 3:1), and 5 are noise that no compressor shrinks. With `pages=FILE` they are the file's
 * instead: each 128 KiB are neighbours from a random place in it, marked with index and generation
 * but for pages that repeat one word.
 *
 * With `phases` it lives through a disk that fails: it stops three times, prints `PHASE NAME`, and
 * goes on when it has read a line. In `write-errors` it rewrites, in `read-errors` it checks, and a
 * page that cannot be read (SIGBUS) is counted and passed over, and in `recovery` it checks until
 * all pages are there again.
 *
 * Prints one line per phase, with its time and the pages that the kernel swapped in and out
 * meanwhile. Exit status: 0 every byte was right, 1 some page was not, 2 usage.
 */
#include <fcntl.h>
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
       RECOVERY_PASSES = 5, EXTENT_PAGES = 32 };

static const char phrase[] =
	"A page leaves memory compressed, waits its turn, and comes back as it was, every byte. ";

static uint64_t seed;
static uint64_t page_count;
static uint64_t (*pages)[PAGE_WORDS];
static uint8_t *generations;
/* The pages that contents are taken from, instead of generated; and which of them repeat a word. */
static uint64_t (*samples)[PAGE_WORDS];
static uint64_t sample_count;
static uint8_t *is_same_filled;
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

static void fill_from_sample(uint64_t *words, uint64_t index, unsigned generation)
{
	uint64_t state = seed * 1000003 + index / EXTENT_PAGES;
	uint64_t at = (next_random(&state) + index + (uint64_t)generation * EXTENT_PAGES) %
		      sample_count;

	memcpy(words, samples[at], PAGE_BYTES);
	if (!is_same_filled[at])
		words[0] ^= index << 8 | generation;
}

/* Writes what page `index` must hold after `generation` rewrites. */
static void fill(uint64_t *words, uint64_t index, unsigned generation)
{
	if (sample_count != 0) {
		fill_from_sample(words, index, generation);
		return;
	}

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

static void read_samples(const char *path)
{
	int fd = open(path, O_RDONLY);
	off_t bytes = fd < 0 ? 0 : lseek(fd, 0, SEEK_END);

	sample_count = bytes / PAGE_BYTES;
	bytes = sample_count * PAGE_BYTES;
	samples = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	is_same_filled = calloc(sample_count, 1);
	if (samples == MAP_FAILED || is_same_filled == NULL || mlock(samples, bytes) != 0) {
		perror(path);
		exit(2);
	}
	for (off_t at = 0; at < bytes; at += PAGE_BYTES)
		if (pread(fd, samples[at / PAGE_BYTES], PAGE_BYTES, at) != PAGE_BYTES) {
			perror(path);
			exit(2);
		}
	close(fd);
	for (uint64_t i = 0; i < sample_count; i++)
		is_same_filled[i] = memcmp(samples[i], &samples[i][1], PAGE_BYTES - 8) == 0;
}

/* A counter of /proc/vmstat. */
static unsigned long long count_of(const char *name)
{
	FILE *file = fopen("/proc/vmstat", "r");
	unsigned long long value = 0;
	char line[128];
	size_t length = strlen(name);

	while (file != NULL && fgets(line, sizeof line, file) != NULL)
		if (strncmp(line, name, length) == 0 && line[length] == ' ')
			value = strtoull(line + length, NULL, 10);
	if (file != NULL)
		fclose(file);
	return value;
}

static double seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec + now.tv_nsec * 1e-9;
}

/* What there was when a phase began. */
struct moment {
	double seconds;
	unsigned long long in, out;
};

static struct moment begin(void)
{
	return (struct moment){ seconds(), count_of("pswpin"), count_of("pswpout") };
}

static void end(const char *phase, struct moment start)
{
	double spent = seconds() - start.seconds;

	printf("hog: %s %.3f s, %llu bad, %llu unreadable, %llu in, %llu out\n", phase, spent,
	       (unsigned long long)bad_pages, (unsigned long long)unreadable_pages,
	       count_of("pswpin") - start.in, count_of("pswpout") - start.out);
}

static void check_all(const char *phase)
{
	struct moment start = begin();

	unreadable_pages = 0;
	for (uint64_t i = 0; i < page_count; i++)
		check(i);
	end(phase, start);
}

static void rewrite_third(const char *phase)
{
	struct moment start = begin();
	static uint64_t chance;

	unreadable_pages = 0;
	chance += seed;
	for (uint64_t n = 0; n < page_count / 3; n++) {
		uint64_t i = next_random(&chance) % page_count;

		check(i);
		fill(pages[i], i, ++generations[i]);
	}
	end(phase, start);
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
	struct moment all, start;
	int phases = 0;

	if (argc < 2 || atoll(argv[1]) <= 0) {
		fprintf(stderr, "usage: hog MIB [SEED [phases] [pages=FILE]]\n");
		return 2;
	}
	for (int i = 3; i < argc; i++)
		if (strcmp(argv[i], "phases") == 0)
			phases = 1;
		else if (strncmp(argv[i], "pages=", 6) == 0)
			read_samples(argv[i] + 6);
	page_count = atoll(argv[1]) * PAGES_PER_MIB;
	seed = argc > 2 ? strtoull(argv[2], NULL, 10) : 1;
	generations = calloc(page_count, 1);
	setvbuf(stdout, NULL, _IOLBF, 0);
	/* What is not a page to be checked must never be what cannot be read. */
	if (phases && mlockall(MCL_CURRENT) != 0)
		perror("hog: mlockall");
	pages = mmap(NULL, page_count * PAGE_BYTES, PROT_READ | PROT_WRITE,
		     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (generations == NULL || pages == MAP_FAILED) {
		perror("hog");
		return 2;
	}
	madvise(pages, page_count * PAGE_BYTES, MADV_NOHUGEPAGE);

	all = start = begin();
	for (uint64_t i = 0; i < page_count; i++)
		fill(pages[i], i, 0);
	end("fill", start);
	check_all("first check");

	if (phases)
		live_through_errors();
	rewrite_third("rewrite");
	check_all("last check");
	end("all", all);
	return bad_pages != 0;
}
