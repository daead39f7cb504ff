"""Calls of meti-token: many at a time, in one thread, each with its deadline and its outputs."""

import dataclasses
import os
import selectors
import signal

from services import now


@dataclasses.dataclass
class Call:
    kind: str            # "warm", "keyring", "forced", "reject", "list", "login"
    account: str         # whom it is about; None for the default
    arguments: list
    environment: dict    # beside the session's
    form: str = "bare"   # of its answer: "bare", "header", "json"
    stdin: bytes = b""
    timeout: int = 30    # seconds, which it is given
    program: str = "meti-token"
    # What became of it.
    pid: int = 0
    start: int = 0
    end: int = 0
    status: int = -1
    out: str = ""
    err: str = ""
    token: str = None
    accounts: set = None  # whom it may have been about

    @property
    def took(self):
        return self.end - self.start

    def __str__(self):
        out = self.out if len(self.out) < 200 else self.out[:200] + "..."
        return (
            f"{self.kind} {self.account or 'the default'} {' '.join(self.arguments)} {self.environment} started at "
            f"{self.start}, took {self.took} ms, status {self.status}\n"
            f"    stdout: {out!r}\n    stderr: {self.err!r}")


class Calls:
    # Beyond its deadline a call gets this long to be found at its end by a busy machine.
    SLACK = 2_000

    def __init__(self, environment, programs):
        self.environment = environment
        self.programs = programs
        self.selector = selectors.DefaultSelector()
        self.running = {}
        self.done = []
        self.strangers = []  # processes that calls left to us
        self.known = set()   # ours that are no calls
        wake, self.wake = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        signal.set_wakeup_fd(self.wake, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        self.selector.register(wake, selectors.EVENT_READ, lambda: os.read(wake, 65536))

    def listen(self, service):
        self.known.add(service.process.pid)
        self.selector.register(service.fd, selectors.EVENT_READ, service.hear)

    def start(self, call, gate=None):
        """Starts a call, which first waits until `gate`, a pipe's read end, is closed behind."""
        call.files = [os.memfd_create(name) for name in ("in", "out", "err")]
        if call.stdin:
            os.pwrite(call.files[0], call.stdin, 0)
        environment = {
            **self.environment, "METI_TOKEN_TIMEOUT": str(call.timeout), **call.environment}
        path = f"{self.programs}/{call.program}"
        call.start = now()
        call.pid = os.fork()
        if call.pid == 0:
            try:
                os.setsid()
                for target, file in enumerate(call.files):
                    os.dup2(file, target)
                if gate is not None:
                    os.close(gate[1])
                    os.read(gate[0], 1)
                os.execve(path, [path, *call.arguments], environment)
            finally:
                os._exit(70)
        self.running[call.pid] = call

    def start_at_once(self, calls):
        """Starts all of them at the same moment."""
        gate = os.pipe()
        for call in calls:
            self.start(call, gate)
        moment = now()
        os.close(gate[1])
        os.close(gate[0])
        for call in calls:
            call.start = moment

    def turn(self, milliseconds):
        """Waits for something to happen; returns the calls that have ended."""
        for key, _ in self.selector.select(max(0, milliseconds) / 1000):
            key.data()
        ended = []
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                break
            if pid == 0:
                break
            if pid in self.running:
                ended.append(self.finish(self.running.pop(pid), status))
            elif pid in self.known:
                raise SystemExit("soak: the session or the METI has ended by itself")
            else:
                self.strangers.append(pid)
        for call in self.running.values():
            if now() - call.start > call.timeout * 1000 + 15_000:
                os.kill(call.pid, signal.SIGKILL)
        return ended

    def finish(self, call, status):
        call.end = now()
        call.status = os.waitstatus_to_exitcode(status)
        _, call.out, call.err = (
            os.pread(file, 1 << 20, 0).decode(errors="replace") for file in call.files)
        for file in call.files:
            os.close(file)
        self.done.append(call)
        return call

    def run(self, *calls):
        """Runs calls side by side, to the end of all."""
        for call in calls:
            self.start(call)
        self.wait()
        return calls

    def wait(self):
        while self.running:
            self.turn(100)
