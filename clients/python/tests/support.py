"""What the tests run against: a mock METI over TLS, a session of its own, and a recorded program.

The program is tests/fake-meti-token, or the one that the variable METI_TOKEN_BIN names.
"""
import atexit
import base64
import contextlib
import functools
import json
import os
import pathlib
import shutil
import ssl
import subprocess
import sys
import tempfile
import time
import unittest
from unittest import mock

TESTS = pathlib.Path(__file__).resolve().parent
MODULE = TESTS.parent
REPOSITORY = MODULE.parent.parent
PROGRAM = os.environ.get("METI_TOKEN_BIN") or str(TESTS / "fake-meti-token")
EMAIL, PASSWORD = "name@domain.com", "correct horse battery staple"
sys.path.insert(0, str(MODULE))


def temporary_folder():
    # The sockets of a session need a short name, so TMPDIR does not count.
    return pathlib.Path(tempfile.mkdtemp(prefix="meti-py.", dir="/tmp"))


@functools.lru_cache(maxsize=None)
def certificates():
    folder = temporary_folder()
    atexit.register(shutil.rmtree, folder)
    subprocess.run([REPOSITORY / "scripts/test-certificates", folder], check=True)
    return folder


class Service:
    """A program that reads commands on stdin, and ends when stdin does."""

    def __init__(self, *arguments):
        self.process = subprocess.Popen(
            arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, encoding="utf-8")

    def line(self):
        line = self.process.stdout.readline()
        if not line:
            raise EOFError(f"{self.process.args[0]} has ended")
        return line.rstrip("\n")

    def close(self):
        self.process.communicate(timeout=30)


class MockMETI(Service):
    def __init__(self, folder):
        password = folder / "password"
        password.write_text(PASSWORD + "\n", encoding="utf-8")
        super().__init__(
            REPOSITORY / "Tests/Servers/mock-meti", "--email", EMAIL, "--password-file", password,
            "--certificate", certificates() / "server.pem", "--key", certificates() / "server.key")
        self.url = self.line().partition(" ")[2]

    def do(self, command):
        self.process.stdin.write(command + "\n")
        self.process.stdin.flush()
        answer = self.line()
        if answer.startswith("error: "):
            raise ValueError(answer)
        return answer

    @property
    def posts(self):
        return int(self.do("posts"))

    @property
    def last_token(self):
        return self.do("last-token")

    @property
    def requests(self):
        """The requests that are not for a token."""
        return [
            request for request in json.loads(self.do("requests")) if request["target"] != "/token"]

    @property
    def headers(self):
        """The Authorization headers of these requests."""
        return [request["authorization"] for request in self.requests]


class Program:
    """The program in PATH."""

    def __init__(self, folder):
        self.folder = folder
        folder.mkdir()
        (folder / "program").write_text(PROGRAM, encoding="utf-8")
        executable = folder / "meti-token"
        text = (TESTS / "recorder").read_text(encoding="utf-8")
        executable.write_text(f"#!{sys.executable}\n{text}", encoding="utf-8")
        executable.chmod(0o755)

    @property
    def calls(self):
        with contextlib.suppress(FileNotFoundError):
            text = (self.folder / "calls").read_text(encoding="utf-8")
            return [json.loads(line) for line in text.splitlines()]
        return []

    @property
    def rejected(self):
        """The tokens that were rejected."""
        return [call["stdin"] for call in self.calls if call["arguments"][0] == "reject"]

    def script(self, **answer):
        """What the next call does: `stdout`, `stderr`, `status`, `signal`, or wait `when`."""
        with open(self.folder / "script", "a", encoding="utf-8") as file:
            file.write(json.dumps(answer) + "\n")

    def script_token(self, token, life, api):
        self.script(stdout=json.dumps({
            "token": token, "expires_on": int(time.time()) + life, "expires_in": life,
            "account": EMAIL, "api_url": api}))


def jwt(expires_on):
    parts = [b'{"alg":"HS256"}', json.dumps({"exp": expires_on}).encode(), b"signature"]
    return b".".join(base64.urlsafe_b64encode(part).rstrip(b"=") for part in parts).decode()


class METICase(unittest.TestCase):
    """With `self.meti`, `self.program`, and the environment of a private session."""

    def setUp(self):
        self.folder = temporary_folder()
        self.addCleanup(shutil.rmtree, self.folder)
        self.meti = self.start_meti()
        self.program = Program(self.folder / "bin")
        self.ca = str(certificates() / "ca.pem")
        self.tls = ssl.create_default_context(cafile=self.ca)

        session = Service(
            REPOSITORY / "scripts/private-session", str(self.folder / "session"), "--no-bus")
        self.addCleanup(session.close)
        environment = {}
        while (line := session.line()) != "ready":
            name, _, value = line.partition("=")
            environment[name] = value
        environment.update(
            PATH=f"{self.program.folder}:{os.environ['PATH']}", METI_API_URL=self.meti.url,
            METI_CA_FILE=self.ca, METI_EMAIL=EMAIL, METI_PASSWORD=PASSWORD,
            METI_TOKEN_CACHE="keyring")
        patch = mock.patch.dict(os.environ, environment, clear=True)
        patch.start()
        self.addCleanup(patch.stop)

    def start_meti(self):
        meti = MockMETI(self.folder)
        self.addCleanup(meti.close)
        return meti

    def remove_program(self):
        os.environ["PATH"] = str(self.folder / "nowhere")

    def assert_one_repeat(self, old):
        """The last two requests: the old token got a 401, and a new one was used."""
        new = self.meti.last_token
        self.assertNotEqual(new, old)
        self.assertEqual(self.meti.headers[-2:], [f"Bearer {old}", f"Bearer {new}"])
        self.assertEqual(self.program.rejected, [old])
