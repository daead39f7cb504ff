// usage: side-by-side ROUNDS CONTENDER [-- CONTENDER]...
//
// Runs every contender once a round, in an order that is another one every round, and prints for
// each a line of NAME, median and 95th percentile of its time in microseconds, and its peak memory
// in KiB, separated by tabs.
//
// A CONTENDER is NAME COMMAND [+ COMMAND]..., the commands running one after the other; a COMMAND
// is [<FILE] [VARIABLE=VALUE]... PROGRAM [ARGUMENT]..., the PROGRAM being a path, and FILE its
// stdin. Stdout is /dev/null. Exits 1 when a command does not exit with 0.
//
// Link it statically: the peak memory that the kernel reports of a process includes what this one had
// when it was started, so this one has to be smaller than all that it measures.

#include <err.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>

enum { most_contenders = 16, most_commands = 4, warm_up_rounds = 5 };

struct command {
  const char *input;
  char **variables; // up to the program's path
  char **arguments;
};

struct contender {
  const char *name;
  struct command commands[most_commands];
  int command_count;
  double *microseconds; // one of each round
  double *kibibytes;
};

extern char **environ;

// The first word of a list that is one of two; NULL where none is.
static char **find(char **words, const char *one, const char *other) {
  for (; *words; words++) {
    if (strcmp(*words, one) == 0 || strcmp(*words, other) == 0) return words;
  }
  return NULL;
}

static struct command read_command(char **words) {
  struct command command = {.input = "/dev/null"};
  if (*words && **words == '<') command.input = *words++ + 1;
  command.variables = words;
  while (*words && strchr(*words, '=')) words++;
  if (!*words) errx(64, "a command is missing");
  command.arguments = words;
  return command;
}

// Reads a contender, and moves on to what follows it.
static struct contender read_contender(char ***words) {
  struct contender contender = {.name = *(*words)++};
  if (!contender.name) errx(64, "a contender is missing");
  for (;;) {
    char **end = find(*words, "+", "--");
    int is_last = !end || strcmp(*end, "--") == 0;
    if (end) *end = NULL;
    if (contender.command_count == most_commands) errx(64, "too many commands");
    contender.commands[contender.command_count++] = read_command(*words);
    *words = end ? end + 1 : NULL;
    if (is_last) return contender;
  }
}

// The variables of this process, with those of the command before them: the first of a name counts.
static char **environment(const struct command *command) {
  size_t own = (size_t)(command->arguments - command->variables), inherited = 0;
  while (environ[inherited]) inherited++;
  char **all = calloc(own + inherited + 1, sizeof *all);
  if (!all) err(70, "calloc");
  memcpy(all, command->variables, own * sizeof *all);
  memcpy(all + own, environ, inherited * sizeof *all);
  return all;
}

// Runs a command, waits until it has ended, and returns its peak memory in KiB.
static double run(const char *name, const struct command *command) {
  char **variables = environment(command);
  posix_spawn_file_actions_t files;
  posix_spawn_file_actions_init(&files);
  posix_spawn_file_actions_addopen(&files, 0, command->input, O_RDONLY, 0);
  posix_spawn_file_actions_addopen(&files, 1, "/dev/null", O_WRONLY, 0);
  pid_t child;
  int error = posix_spawn(
      &child, command->arguments[0], &files, NULL, command->arguments, variables);
  if (error) errx(1, "%s: %s: %s", name, command->arguments[0], strerror(error));
  posix_spawn_file_actions_destroy(&files);
  free(variables);

  int status;
  struct rusage usage;
  if (wait4(child, &status, 0, &usage) < 0) err(1, "wait4");
  if (status != 0) errx(1, "%s: %s: status %#x", name, command->arguments[0], status);
  return (double)usage.ru_maxrss;
}

static double now(void) { // in microseconds
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec * 1e6 + (double)time.tv_nsec / 1e3;
}

static void run_round(struct contender *contender, int round) {
  double kibibytes = 0, start = now();
  for (int i = 0; i < contender->command_count; i++) {
    double peak = run(contender->name, &contender->commands[i]);
    if (peak > kibibytes) kibibytes = peak;
  }
  double end = now();
  if (round < 0) return;
  contender->microseconds[round] = end - start;
  contender->kibibytes[round] = kibibytes;
}

// What ran just before leaves its traces in caches and daemons, so nobody has a fixed predecessor.
static void shuffle(int *order, int count) {
  for (int i = count - 1; i > 0; i--) {
    int j = rand() % (i + 1), kept = order[i];
    order[i] = order[j];
    order[j] = kept;
  }
}

static int compare(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

// The smallest value that at least so many percent are not above, by nearest rank.
static double percentile(double *values, int count, int percent) {
  qsort(values, (size_t)count, sizeof *values, compare);
  return values[(count * percent + 99) / 100 - 1];
}

int main(int argument_count, char **arguments) {
  int rounds = argument_count > 2 ? atoi(arguments[1]) : 0;
  if (rounds < 1) errx(64, "usage: side-by-side ROUNDS CONTENDER [-- CONTENDER]...");

  struct contender contenders[most_contenders];
  int order[most_contenders], count = 0;
  for (char **words = arguments + 2; words;) {
    if (count == most_contenders) errx(64, "too many contenders");
    contenders[count] = read_contender(&words);
    contenders[count].microseconds = calloc((size_t)rounds, sizeof(double));
    contenders[count].kibibytes = calloc((size_t)rounds, sizeof(double));
    if (!contenders[count].microseconds || !contenders[count].kibibytes) err(70, "calloc");
    order[count] = count;
    count++;
  }

  for (int round = -warm_up_rounds; round < rounds; round++) {
    shuffle(order, count);
    for (int i = 0; i < count; i++) run_round(&contenders[order[i]], round);
  }

  for (int i = 0; i < count; i++) {
    struct contender *contender = &contenders[i];
    printf("%s\t%.0f\t%.0f\t%.0f\n", contender->name,
           percentile(contender->microseconds, rounds, 50),
           percentile(contender->microseconds, rounds, 95),
           percentile(contender->kibibytes, rounds, 50));
  }
}
