"""A private desktop session and mocks of METI on this machine, for bench/soak and bench/outage."""

import ctypes
import os
import shutil
import subprocess
import tempfile
import threading
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
PASSWORD = "correct horse battery staple"
PR_SET_CHILD_SUBREAPER = 36


def now():
    """Milliseconds on the clock of the mock's journal."""
    return time.clock_gettime_ns(time.CLOCK_BOOTTIME) // 1_000_000


def adopt():
    """Makes what the descendants of this process leave behind its own children."""
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


class Service:
    """A program that answers each line on its stdin with one on its stdout, and ends with stdin."""

    def __init__(self, *arguments):
        self.lock = threading.Lock()
        self.process = subprocess.Popen(
            arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1,
            preexec_fn=adopt)

    def line(self):
        line = self.process.stdout.readline()
        if not line:
            raise SystemExit(f"error: {self.process.args[0]} has ended")
        return line.rstrip("\n")

    def ask(self, command):
        with self.lock:
            self.process.stdin.write(command + "\n")
            answer = self.line()
        if answer.startswith("error"):
            raise SystemExit(f"error: {self.process.args[0]}: {command}: {answer}")
        return answer

    def end(self):
        self.process.stdin.close()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


class Loopback:
    """A throw-away directory, certificates and a session; and as many mocks as are asked for."""

    def __init__(self, name):
        # The sockets in it need a short name, so it is not made under TMPDIR.
        self.directory = tempfile.mkdtemp(prefix=f"meti-token-{name}.", dir="/tmp")
        self.services = []
        self.environment = {"PATH": os.environ["PATH"], "METI_TOKEN_INTERACTIVE": "0"}

    def __enter__(self):
        try:
            self.certificates = f"{self.directory}/certificates"
            subprocess.run([f"{ROOT}/scripts/test-certificates", self.certificates], check=True)
            self.environment["METI_CA_FILE"] = f"{self.certificates}/ca.pem"
            self.session = self.start(
                f"{ROOT}/scripts/private-session", f"{self.directory}/session")
            while (line := self.session.line()) != "ready":
                name, _, value = line.partition("=")
                self.environment[name] = value
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        for service in reversed(self.services):
            service.end()
        shutil.rmtree(self.directory, ignore_errors=True)

    def start(self, *arguments):
        service = Service(*arguments)
        self.services.append(service)
        return service

    def meti(self, *accounts, lifetime=3600):
        """A mock METI with accounts, and the environment of its callers."""
        meti = self.start(
            f"{ROOT}/Tests/Servers/mock-meti", "--certificate", f"{self.certificates}/server.pem",
            "--key", f"{self.certificates}/server.key", "--lifetime", str(lifetime))
        url = meti.line().removeprefix("ready ")
        for account in accounts:
            meti.ask(f"password {account} {PASSWORD}")
        return meti, {**self.environment, "METI_API_URL": url}
