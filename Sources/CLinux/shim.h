// keyctl(2) and add_key(2) have no wrapper in glibc, pipe2(2) and execvpe(3) have one for
// _GNU_SOURCE alone, syscall(2) and prctl(2) are variadic, which Swift cannot call, and
// Swift's Glibc module leaves out statfs(2) and takes environ(7) for a data race.
//
// Embedded Swift has no Glibc module at all: the thin program has what it calls from these headers.
#pragma once
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/keyctl.h>
#include <linux/magic.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <time.h>
#include <unistd.h>

// As linux/keyctl.h has them, but typed, so that Swift imports them as serials.
static const int32_t meti_process_keyring = KEY_SPEC_PROCESS_KEYRING;
static const int32_t meti_user_keyring = KEY_SPEC_USER_KEYRING;

/// The serial of a key of type "user" found in `keyring` or a keyring in it, linked to `destination`
/// (0: to none); -1 and errno.
static inline int32_t meti_key_search(
    int32_t keyring, const char *description, int32_t destination) {
  return (int32_t)syscall(
      SYS_keyctl, KEYCTL_SEARCH, keyring, "user", description, destination);
}

/// The size of the payload, of which at most `size` bytes are copied; -1 and errno.
static inline long meti_key_read(int32_t key, void *buffer, size_t size) {
  return syscall(SYS_keyctl, KEYCTL_READ, key, buffer, size);
}

/// The serial of the key of type "user" added to (or updated in) `keyring`; -1 and errno.
static inline int32_t meti_key_add(
    const char *description, const void *payload, size_t size, int32_t keyring) {
  return (int32_t)syscall(SYS_add_key, "user", description, payload, size, keyring);
}

/// 0; -1 and errno. A timeout of 0 means never.
static inline long meti_key_set_timeout(int32_t key, unsigned seconds) {
  return syscall(SYS_keyctl, KEYCTL_SET_TIMEOUT, key, seconds);
}

static inline long meti_key_link(int32_t key, int32_t keyring) {
  return syscall(SYS_keyctl, KEYCTL_LINK, key, keyring);
}

static inline long meti_key_unlink(int32_t key, int32_t keyring) {
  return syscall(SYS_keyctl, KEYCTL_UNLINK, key, keyring);
}

/// PR_SET_DUMPABLE 0: 0; -1 and errno.
static inline int meti_set_not_dumpable(void) {
  return prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}

/// errno: a macro, which Swift does not import.
static inline int meti_errno(void) {
  return errno;
}

/// open(2) of a file that is there.
static inline int meti_open(const char *path, int flags) {
  return open(path, flags);
}

/// A write(2) fails with EPIPE or EFBIG instead of ending the process. SIG_IGN is a macro.
static inline void meti_ignore_write_signals(void) {
  signal(SIGPIPE, SIG_IGN);
  signal(SIGXFSZ, SIG_IGN);
}

extern char **environ;
int execvpe(const char *file, char *const arguments[], char *const environment[]);
int pipe2(int ends[2], int flags);

/// The environment of this process: a list that ends with NULL, and may itself be NULL.
static inline char *const *meti_environment(void) {
  return environ;
}
