/* measure COMMAND ARGUMENT…: runs it and prints "wall-ns cpu-us peak-KiB", exits as it did.
 *
 * A launcher of its own because the peak memory of a process includes that of the one it was spawned from: started
 * from Python, everything would seem to need Python's 10 MB. Static, this one is below 1 MB.
 * What the command prints on standard output is dropped. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>

extern char** environ;

static long long now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static long long microseconds(struct timeval t) { return t.tv_sec * 1000000LL + t.tv_usec; }

int main(int argc, char** argv) {
  if (argc < 2) {
    fputs("usage: measure COMMAND ARGUMENT...\n", stderr);
    return 64;
  }
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);

  pid_t child;
  int status;
  struct rusage used;
  const long long start = now();
  const int error = posix_spawnp(&child, argv[1], &actions, NULL, argv + 1, environ);
  if (error != 0) {
    fprintf(stderr, "measure: %s: %s\n", argv[1], strerror(error));
    return 127;
  }
  if (wait4(child, &status, 0, &used) != child) {
    perror("measure: wait4");
    return 70;
  }
  const long long wall = now() - start;
  printf("%lld %lld %ld\n", wall, microseconds(used.ru_utime) + microseconds(used.ru_stime), used.ru_maxrss);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
