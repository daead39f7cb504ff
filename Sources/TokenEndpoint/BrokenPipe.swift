import Glibc

/// Runs `body` while a SIGPIPE of this thread is held back and then dropped.
///
/// CURLOPT_NOSIGNAL leaves SIGPIPE to the application, and some TLS backends write(2) to a
/// connection that may be gone. Ignoring the signal would be passed on to a program we become.
func withoutBrokenPipe<Result>(_ body: () -> Result) -> Result {
  var pipe = sigset_t()
  var before = sigset_t()
  var pending = sigset_t()
  unsafe sigemptyset(&pipe)
  unsafe sigaddset(&pipe, SIGPIPE)
  unsafe sigpending(&pending)
  let wasPending = unsafe sigismember(&pending, SIGPIPE) == 1
  _ = unsafe pthread_sigmask(SIG_BLOCK, &pipe, &before)
  defer {
    if !wasPending {
      var none = timespec()
      while unsafe sigtimedwait(&pipe, nil, &none) < 0 && errno == EINTR {}
    }
    _ = unsafe pthread_sigmask(SIG_SETMASK, &before, nil)
  }
  return body()
}
