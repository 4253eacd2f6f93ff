/*
 * Puts the pages of a file through the kernel's own zswap and prints what they cost there.
 *
 *   pageout FILE
 *
 * Copies the file into anonymous memory without huge pages, asks the kernel to page it out, reads
 * zswap's counters while it is out, faults it in again and compares. Prints one line of JSON: the
 * counters of debugfs and vmstat as differences of before and while out. Needs root, zswap enabled
 * and a swap device: kernel-pool.sh sees to them. Exit status: 0 intact, 1 not, 2 no set-up.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#ifndef MADV_PAGEOUT
#define MADV_PAGEOUT 21
#endif

enum { PAGE_BYTES = 4096, COUNTER_COUNT = 6 };

static const char *const counter_names[COUNTER_COUNT] = {
	"stored_pages", "stored_incompressible_pages", "pool_total_size",
	"zswpout",      "swpout_zero",                 "pswpout",
};

/* Finds a counter among zswap's debugfs files or else in vmstat; 0 where the kernel has neither. */
static long long read_counter(const char *name)
{
	char path[128], key[64];
	long long value = 0, found = 0;
	FILE *file;

	snprintf(path, sizeof path, "/sys/kernel/debug/zswap/%s", name);
	file = fopen(path, "r");
	if (file != NULL) {
		if (fscanf(file, "%lld", &value) == 1)
			found = value;
		fclose(file);
		return found;
	}
	file = fopen("/proc/vmstat", "r");
	while (file != NULL && fscanf(file, "%63s %lld", key, &value) == 2)
		if (strcmp(key, name) == 0)
			found = value;
	if (file != NULL)
		fclose(file);
	return found;
}

int main(int argc, char **argv)
{
	long long before[COUNTER_COUNT], out[COUNTER_COUNT];
	struct stat status;
	size_t bytes;
	char *file_bytes, *memory;
	int intact, fd = argc == 2 ? open(argv[1], O_RDONLY) : -1;

	if (fd < 0 || fstat(fd, &status) != 0 || status.st_size < PAGE_BYTES) {
		fprintf(stderr, "usage: pageout FILE\n");
		return 2;
	}
	bytes = status.st_size / PAGE_BYTES * PAGE_BYTES;
	file_bytes = mmap(NULL, bytes, PROT_READ, MAP_SHARED | MAP_POPULATE, fd, 0);
	memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (file_bytes == MAP_FAILED || memory == MAP_FAILED) {
		perror("pageout");
		return 2;
	}
	madvise(memory, bytes, MADV_NOHUGEPAGE);
	memcpy(memory, file_bytes, bytes);

	for (int i = 0; i < COUNTER_COUNT; i++)
		before[i] = read_counter(counter_names[i]);
	madvise(memory, bytes, MADV_PAGEOUT);
	for (int i = 0; i < COUNTER_COUNT; i++)
		out[i] = read_counter(counter_names[i]) - before[i];
	intact = memcmp(memory, file_bytes, bytes) == 0;

	printf("\"pages\":%zu,\"intact\":%s", bytes / PAGE_BYTES, intact ? "true" : "false");
	for (int i = 0; i < COUNTER_COUNT; i++)
		printf(",\"%s\":%lld", counter_names[i], out[i]);
	printf("\n");
	return !intact;
}
