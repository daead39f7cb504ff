"""A desktop session and a METI of our own, told what to do a line at a time."""

import ctypes
import os
import subprocess
import time

PR_SET_CHILD_SUBREAPER = 36


def adopt():
    """Lets orphans among this process's descendants become its own children."""
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def now():
    """Milliseconds on the clock the journal of mock-meti uses."""
    return time.clock_gettime_ns(time.CLOCK_BOOTTIME) // 1_000_000


class Service:
    """A program that answers each line on its stdin with one on its stdout, and ends with stdin."""

    def __init__(self, arguments, **options):
        self.process = subprocess.Popen(
            arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, **options)
        self.fd = self.process.stdout.fileno()
        self.waiting = []  # what to do with the answers that are still to come, in their order
        self.buffer = b""

    def line(self):
        """The next line, waited for; only while nothing was asked."""
        line = self.process.stdout.readline()
        if not line:
            raise SystemExit(f"soak: {self.process.args[0]} has ended")
        return line.decode().rstrip("\n")

    def tell(self, command, then=None):
        """Sends a command; `then` gets its answer, from hear()."""
        self.waiting.append(then)
        self.process.stdin.write(command.encode() + b"\n")
        self.process.stdin.flush()

    def hear(self):
        """To be called when there is something to read."""
        part = os.read(self.fd, 1 << 20)
        if not part:
            raise SystemExit(f"soak: {self.process.args[0]} has ended")
        *lines, self.buffer = (self.buffer + part).split(b"\n")
        for line in lines:
            then = self.waiting.pop(0)
            text = line.decode()
            if text.startswith("error"):
                raise SystemExit(f"soak: {self.process.args[0]} said {text}")
            if then:
                then(text)

    def ask(self, command):
        """Sends a command and waits for its answer."""
        answers = []
        self.tell(command, answers.append)
        while not answers:
            self.hear()
        return answers[0]

    def end(self):
        self.process.stdin.close()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process.stdout.close()


class Keyring:
    """The private session, and when its keyring was in trouble."""

    def __init__(self, root, directory):
        # What its daemons leave behind is its own.
        self.service = Service([f"{root}/scripts/private-session", directory], preexec_fn=adopt)
        self.environment = {}
        while (line := self.service.line()) != "ready":
            name, _, value = line.partition("=")
            if not name.startswith("METI_SESSION_"):
                self.environment[name] = value
        self.troubles = []  # [begin, end or None]
        self.counts = {"killed": 0, "frozen": 0, "locked": 0}

    @property
    def is_well(self):
        return not self.troubles or self.troubles[-1][1] is not None

    def begin(self, trouble, then=None):
        self.troubles.append([now(), None])
        self.counts[trouble] += 1
        command = {"killed": "kill-keyring", "frozen": "freeze", "locked": "lock"}[trouble]
        self.service.tell(command, then)

    def cure(self, trouble, then=None):
        def is_cured(_):
            self.troubles[-1][1] = now()
            if then:
                then()
        if trouble == "locked":
            self.service.tell("kill-keyring")
        self.service.tell("thaw" if trouble == "frozen" else "start-keyring", is_cured)

    # Calls that queued up meanwhile are served after it.
    GRACE = 2_000

    def was_in_trouble(self, begin, end):
        return any(
            first <= end and (last is None or begin <= last + self.GRACE)
            for first, last in self.troubles)
