/*
 * A program that needs more memory than its machine has, and knows what each byte of it must be.
 *
 *   hog MIB [SEED]
 *
 * Fills MIB of anonymous memory page by page, checks every byte, rewrites a random third (each page
 * is checked before it is overwritten), and checks every byte again. The contents of a page follow
 * from the seed, its index and how often it was written, so nothing but one counter per page has to
 * be remembered. Of 16 pages 1 is zero, 2 repeat one word, 8 are text with some noise in it
 * (about 3:1), and 5 are noise that no compressor shrinks.
 *
 * Prints one line per phase. Exit status: 0 every byte was right, 1 some page was not, 2 usage.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

enum { PAGE_BYTES = 4096, PAGE_WORDS = PAGE_BYTES / 8, PAGES_PER_MIB = 256, REPORTED_MAX = 5 };

static const char phrase[] =
	"A page leaves memory compressed, waits its turn, and comes back as it was, every byte. ";

static uint64_t seed;
static uint64_t page_count;
static uint64_t (*pages)[PAGE_WORDS];
static uint8_t *generations;
static uint64_t bad_pages;

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

static void check(uint64_t index)
{
	uint64_t expected[PAGE_WORDS];

	fill(expected, index, generations[index]);
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

	for (uint64_t i = 0; i < page_count; i++)
		check(i);
	printf("hog: %s %.1f s, %llu bad\n", phase, seconds() - start,
	       (unsigned long long)bad_pages);
	fflush(stdout);
}

int main(int argc, char **argv)
{
	uint64_t chance;
	double start;

	if (argc < 2 || atoll(argv[1]) <= 0) {
		fprintf(stderr, "usage: hog MIB [SEED]\n");
		return 2;
	}
	page_count = atoll(argv[1]) * PAGES_PER_MIB;
	seed = argc > 2 ? strtoull(argv[2], NULL, 10) : 1;
	generations = calloc(page_count, 1);
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

	start = seconds();
	chance = seed;
	for (uint64_t n = 0; n < page_count / 3; n++) {
		uint64_t i = next_random(&chance) % page_count;

		check(i);
		fill(pages[i], i, ++generations[i]);
	}
	printf("hog: rewrite %.1f s, %llu bad\n", seconds() - start,
	       (unsigned long long)bad_pages);
	check_all("last check");
	return bad_pages != 0;
}
