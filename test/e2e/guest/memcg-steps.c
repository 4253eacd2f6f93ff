/*
 * Takes the steps of a script with real memory control groups and prints their figures.
 *
 *   memcg-steps STEPS PAGES
 *
 * The script's language is described in its own head. Each group has a process, whose memory is
 * filled with the pages of the file PAGES; it is paged out with MADV_PAGEOUT, or with
 * memory.reclaim. Prints one line `FIGURES {...}` for each group shown: the files of zswap, the
 * counters of memory.stat, and the pages that went to the swap device since the scenario began.
 * Needs root, cgroup v2 at /sys/fs/cgroup, zswap, and the swap device /dev/vda. Exit status: 0 all
 * steps were taken and every byte was right, 1 not.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/swap.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef MADV_PAGEOUT
#define MADV_PAGEOUT 21
#endif

enum { PAGE_BYTES = 4096, GROUPS_MAX = 8, WORDS_MAX = 8, PATH_BYTES = 256 };

static const char swap_device[] = "/dev/vda";
static const char root_group[] = "/sys/fs/cgroup";

struct group {
	char name[32];
	char path[PATH_BYTES];
	pid_t process;
	int to_process, from_process;
};

struct order {
	char what;
	size_t first, count;
};

static struct group groups[GROUPS_MAX];
static int group_count;
static char *pages;
static size_t pages_bytes;
static char scenario[64] = "", compressor[32] = "";
static long long pswpout_before;

static void fail(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	printf("memcg-steps: %s: ", scenario);
	vprintf(format, arguments);
	printf(" (%s)\n", strerror(errno));
	va_end(arguments);
	exit(1);
}

static int try_write(const char *folder, const char *file, const char *value)
{
	char path[2 * PATH_BYTES];
	int fd, failed;

	snprintf(path, sizeof path, "%s/%s", folder, file);
	fd = open(path, O_WRONLY);
	failed = fd < 0 || write(fd, value, strlen(value)) < 0;
	if (fd >= 0)
		close(fd);
	return failed ? -1 : 0;
}

static void write_file(const char *folder, const char *file, const char *value)
{
	if (try_write(folder, file, value) != 0)
		fail("%s/%s does not take %s", folder, file, value);
}

/* The number after `name` in a file of lines `name number`, or the first number; -1 for none. */
static long long read_number(const char *folder, const char *file, const char *name)
{
	char path[2 * PATH_BYTES], line[256], key[128];
	long long value, found = -1;
	FILE *stream;

	snprintf(path, sizeof path, "%s/%s", folder, file);
	stream = fopen(path, "r");
	while (stream != NULL && found < 0 && fgets(line, sizeof line, stream) != NULL) {
		if (name == NULL ? sscanf(line, "%lld", &value) == 1
				 : sscanf(line, "%127s %lld", key, &value) == 2 &&
					   strcmp(key, name) == 0)
			found = value;
	}
	if (stream != NULL)
		fclose(stream);
	return found;
}

static struct group *find_group(const char *name)
{
	for (int i = 0; i < group_count; i++)
		if (strcmp(groups[i].name, name) == 0)
			return &groups[i];
	fail("no group %s", name);
	return NULL;
}

/* The life of a group's process: fill, page out and check pages as it is told. */
static void obey(int orders, int answers)
{
	char *memory = mmap(NULL, pages_bytes, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct order order;

	if (memory == MAP_FAILED)
		_exit(1);
	madvise(memory, pages_bytes, MADV_NOHUGEPAGE);
	while (read(orders, &order, sizeof order) == sizeof order) {
		size_t at = order.first * PAGE_BYTES, length = order.count * PAGE_BYTES;
		char answer = 'y';

		if (order.what == 'i' && memcmp(memory + at, pages + at, length) != 0)
			answer = 'n';
		if (order.what != 'i')
			memcpy(memory + at, pages + at, length);
		if (order.what == 'o')
			madvise(memory + at, length, MADV_PAGEOUT);
		if (write(answers, &answer, 1) != 1)
			_exit(1);
	}
	_exit(0);
}

static void order(const char *name, char what, const char *first, const char *count)
{
	struct group *group = find_group(name);
	struct order order = { what, strtoul(first, NULL, 10), strtoul(count, NULL, 10) };
	char answer = 'n';

	if ((order.first + order.count) * PAGE_BYTES > pages_bytes)
		fail("%s: there are not so many pages", name);
	if (write(group->to_process, &order, sizeof order) != sizeof order ||
	    read(group->from_process, &answer, 1) != 1)
		fail("the process of %s is gone", name);
	if (answer != 'y')
		fail("%s: pages %s+%s are wrong", name, first, count);
}

static void join(const char *folder, pid_t process)
{
	char text[32];

	snprintf(text, sizeof text, "%d", process);
	write_file(folder, "cgroup.procs", text);
}

static void start_process(struct group *group)
{
	int orders[2], answers[2];

	if (pipe(orders) != 0 || pipe(answers) != 0)
		fail("no pipe");
	fflush(stdout);
	group->process = fork();
	if (group->process == 0) {
		close(orders[1]);
		close(answers[0]);
		join(group->path, getpid());
		obey(orders[0], answers[1]);
	}
	close(orders[0]);
	close(answers[1]);
	group->to_process = orders[1];
	group->from_process = answers[0];
}

static void end_process(struct group *group)
{
	if (group->process <= 0)
		return;
	close(group->to_process);
	close(group->from_process);
	kill(group->process, SIGKILL);
	waitpid(group->process, NULL, 0);
	group->process = 0;
}

/* A group with children may hold no process: a parent is only made, the others get theirs later. */
static void make_group(const char *name, const char *parent)
{
	struct group *group = &groups[group_count];
	const char *above = parent == NULL ? root_group : find_group(parent)->path;

	if (group_count == GROUPS_MAX)
		fail("too many groups");
	memset(group, 0, sizeof *group);
	snprintf(group->name, sizeof group->name, "%s", name);
	snprintf(group->path, sizeof group->path, "%s/%s", above, name);
	write_file(above, "cgroup.subtree_control", "+memory");
	if (mkdir(group->path, 0755) != 0)
		fail("cannot make group %s", name);
	group_count++;
}

static void command_process(const char *name, char what, const char *first, const char *count)
{
	struct group *group = find_group(name);

	if (group->process == 0)
		start_process(group);
	order(name, what, first, count);
}

static void remove_group(const struct group *group)
{
	for (int tries = 0; rmdir(group->path) != 0 && errno != ENOENT; tries++) {
		if (errno != EBUSY || tries == 100)
			fail("cannot remove group %s", group->name);
		usleep(10000);
	}
}

static void leave(const char *name)
{
	struct group *group = find_group(name);

	join(root_group, group->process);
	remove_group(group);
}

static void reclaim(const char *name, const char *page_count)
{
	char bytes[32];

	snprintf(bytes, sizeof bytes, "%llu", strtoull(page_count, NULL, 10) * PAGE_BYTES);
	write_file(find_group(name)->path, "memory.reclaim", bytes);
}

static void show(const char *label, const char *name)
{
	static const char *const counters[] = { "zswapped", "zswpin", "zswpout", "zswpwb" };
	const char *path = find_group(name)->path;

	/* memory.stat may lag behind by some hundred events; reading cpu.stat brings it up to date. */
	read_number(path, "cpu.stat", NULL);
	printf("FIGURES {\"compressor\":\"%s\",\"scenario\":\"%s\",\"at\":\"%s\",\"group\":\"%s\","
	       "\"current\":%lld",
	       compressor, scenario, label, name, read_number(path, "memory.zswap.current", NULL));
	for (int i = 0; i < 4; i++)
		printf(",\"%s\":%lld", counters[i], read_number(path, "memory.stat", counters[i]));
	printf(",\"pswpout\":%lld}\n",
	       read_number("/proc", "vmstat", "pswpout") - pswpout_before);
}

static void end_scenario(void)
{
	for (int i = 0; i < group_count; i++)
		end_process(&groups[i]);
	while (group_count > 0)
		remove_group(&groups[--group_count]);
}

static void begin_scenario(const char *name)
{
	end_scenario();
	snprintf(scenario, sizeof scenario, "%s", name);
	pswpout_before = read_number("/proc", "vmstat", "pswpout");
}

static void switch_swap(void)
{
	if (swapoff(swap_device) != 0 || swapon(swap_device, 0) != 0)
		fail("cannot switch swap off and on");
}

static void step(char **words, int count)
{
	const char *what = words[0];

	if (strcmp(what, "compressor") == 0) {
		snprintf(compressor, sizeof compressor, "%s", words[1]);
		write_file("/sys/module/zswap/parameters", "compressor", compressor);
	} else if (strcmp(what, "scenario") == 0)
		begin_scenario(words[1]);
	else if (strcmp(what, "group") == 0)
		make_group(words[1], count > 2 ? words[2] : NULL);
	else if (strcmp(what, "set") == 0)
		write_file(find_group(words[1])->path, words[2], words[3]);
	else if (strcmp(what, "fill") == 0 || strcmp(what, "out") == 0 || strcmp(what, "in") == 0)
		command_process(words[1], what[0], words[2], words[3]);
	else if (strcmp(what, "reclaim") == 0)
		reclaim(words[1], words[2]);
	else if (strcmp(what, "forget") == 0)
		end_process(find_group(words[1]));
	else if (strcmp(what, "leave") == 0)
		leave(words[1]);
	else if (strcmp(what, "swapoff") == 0)
		switch_swap();
	else if (strcmp(what, "show") == 0)
		for (int i = 2; i < count; i++)
			show(words[1], words[i]);
	else
		fail("unknown step %s", what);
}

int main(int argc, char **argv)
{
	FILE *steps = argc == 3 ? fopen(argv[1], "r") : NULL;
	int fd = argc == 3 ? open(argv[2], O_RDONLY) : -1;
	char line[256];

	if (steps == NULL || fd < 0) {
		fprintf(stderr, "usage: memcg-steps STEPS PAGES\n");
		return 1;
	}
	pages_bytes = lseek(fd, 0, SEEK_END) / PAGE_BYTES * PAGE_BYTES;
	pages = mmap(NULL, pages_bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (pages == MAP_FAILED || pread(fd, pages, pages_bytes, 0) != (ssize_t)pages_bytes)
		fail("cannot read the pages");
	mlock(pages, pages_bytes);
	while (fgets(line, sizeof line, steps) != NULL) {
		char *words[WORDS_MAX], *rest = line;
		int count = 0;

		while (count < WORDS_MAX && (words[count] = strtok_r(rest, " \n", &rest)) != NULL)
			count++;
		if (count > 0 && words[0][0] != '#')
			step(words, count);
	}
	end_scenario();
	return 0;
}
