// What Linux and GNU offer beyond POSIX, which Swift's Glibc module leaves out, and the
// variadic syscall(2), which Swift cannot call.
#pragma once
#include <linux/sched.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <malloc.h>
#include <unistd.h>

int unshare(int flags);
int pipe2(int descriptors[2], int flags);
int posix_openpt(int flags);
int grantpt(int descriptor);
int unlockpt(int descriptor);
int ptsname_r(int descriptor, char *name, size_t size);
int posix_spawn_file_actions_addchdir_np(posix_spawn_file_actions_t *actions, const char *path);
int posix_spawn_file_actions_addclosefrom_np(posix_spawn_file_actions_t *actions, int from);

// POSIX_SPAWN_SETSID of <spawn.h>.
enum { spawn_setsid = 0x80 };

static inline int pidfd_open_call(pid_t pid) {
  return (int)syscall(SYS_pidfd_open, pid, 0);
}

static inline long keyctl_call(int operation, long a, long b, long c, long d) {
  return syscall(SYS_keyctl, operation, a, b, c, d);
}
