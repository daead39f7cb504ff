// usage: at-once NUMBER FILE PROGRAM [ARGUMENT...]
//
// Runs so many processes of a program at the same moment: all of them stand ready before the first
// may start. Their stdout is appended to FILE. Prints how many did not exit with 0, and the
// milliseconds from the start to the end of the last, separated by a tab.

#include <err.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

// Waits for the gate's other end to be closed, then becomes the program.
static _Noreturn void stand_ready(int gate, int output, char **arguments) {
  char nothing;
  if (read(gate, &nothing, 1) != 0 || dup2(output, 1) < 0) _exit(70);
  execv(arguments[0], arguments);
  _exit(70);
}

int main(int argument_count, char **arguments) {
  int number = argument_count > 3 ? atoi(arguments[1]) : 0;
  if (number < 1) errx(64, "usage: at-once NUMBER FILE PROGRAM [ARGUMENT...]");
  int output = open(arguments[2], O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0600);
  if (output < 0) err(74, "%s", arguments[2]);
  int gate[2];
  if (pipe2(gate, O_CLOEXEC) < 0) err(70, "pipe2");

  for (int i = 0; i < number; i++) {
    pid_t child = fork();
    if (child < 0) err(70, "fork");
    if (child == 0) {
      close(gate[1]);
      stand_ready(gate[0], output, arguments + 3);
    }
  }

  struct timespec start, end;
  clock_gettime(CLOCK_MONOTONIC, &start);
  close(gate[1]);
  int failures = 0, status;
  while (wait(&status) > 0) failures += status != 0;
  clock_gettime(CLOCK_MONOTONIC, &end);
  printf("%d\t%ld\n", failures,
         (end.tv_sec - start.tv_sec) * 1000 + (end.tv_nsec - start.tv_nsec) / 1000000);
}
