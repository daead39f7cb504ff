"""usage: soak [--calls NUMBER] [--at-once NUMBER] [--parallel NUMBER] [--seed NUMBER]
            --programs DIR

Makes many calls of meti-token while METI and the keyring fail at random, on loopback and on a
keyring of its own, and checks every answer. Prints figures, and whatever is not as it must be.
Exits 1 then."""

import argparse
import collections
import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from calls import Call, Calls
from services import Keyring, Service, adopt, now
from storm import DEFAULT_LIFE, TROUBLE, Storm
from verdict import Verdict

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
ACCOUNTS = {
    "first@domain.com": "the first one's password",
    "second@domain.com": "the second one's password",
    "third@domain.com": "the third one's password",
}


def options():
    parser = argparse.ArgumentParser(prog="soak")
    parser.add_argument("--calls", type=int, default=10_000, help="of all kinds together")
    parser.add_argument("--at-once", type=int, default=1_000, help="warm ones, twice")
    parser.add_argument("--parallel", type=int, default=32, help="of the others, at a time")
    parser.add_argument("--seed", type=int, default=None, help="to repeat a run's troubles")
    parser.add_argument("--programs", required=True, help="where meti-token is")
    chosen = parser.parse_args()
    if chosen.calls < 2 * chosen.at_once or chosen.at_once < 0 or chosen.parallel < 1:
        parser.error("--calls must be at least twice --at-once, and --parallel at least 1")
    if chosen.seed is None:
        chosen.seed = random.SystemRandom().randrange(1 << 32)
    return chosen


class Soak:
    def __init__(self, chosen, directory):
        self.chosen = chosen
        self.random = random.Random(chosen.seed)
        self.directory = directory
        self.offences = []
        self.url = None
        # What a call leaves behind becomes ours, and is seen.
        adopt()
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))

        subprocess.run(
            [f"{ROOT}/scripts/test-certificates", f"{directory}/certificates"], check=True)
        self.keyring = Keyring(ROOT, f"{directory}/session")
        self.meti = Service([
            f"{ROOT}/Tests/Servers/mock-meti",
            "--certificate", f"{directory}/certificates/server.pem",
            "--key", f"{directory}/certificates/server.key"])
        self.url = self.meti.line().removeprefix("ready ")
        for account, password in ACCOUNTS.items():
            self.meti.ask(f"password {account} {password}")
        self.calls = Calls(
            {
                **self.keyring.environment, "PATH": os.environ["PATH"],
                "METI_API_URL": self.url,
                "METI_CA_FILE": f"{directory}/certificates/ca.pem",
                "METI_TOKEN_INTERACTIVE": "0",
            }, chosen.programs)
        self.calls.listen(self.keyring.service)
        self.calls.listen(self.meti)
        self.storm = Storm(
            self.random, self.calls, self.meti, self.keyring, ACCOUNTS, chosen.parallel)

    # --- The phases

    def run(self):
        self.say(f"seed {self.chosen.seed}")
        # The one that logs in last is the default.
        for account in reversed(ACCOUNTS):
            self.must(self.storm.login(account))
        self.burst("all is well")

        self.meti.ask(f"faults {self.chosen.seed} {TROUBLE}")
        self.storm.run(self.chosen.calls - 2 * self.chosen.at_once)
        self.say(f"the storm is over after {len(self.calls.done)} calls")

        self.meti.ask("faults 0 0")
        self.meti.ask(f"lifetime {DEFAULT_LIFE}")
        self.every_account_works()
        # Once more at once, now without a keyring and with a METI that fails always.
        self.meti.ask("faults 1 100")
        self.keyring.begin("killed")
        self.burst("the keyring is dead")
        self.keyring.cure("killed")
        self.until(lambda: self.keyring.is_well)
        self.meti.ask("faults 0 0")
        self.every_account_works()

    def burst(self, words):
        posts = int(self.meti.ask("posts"))
        calls = [Call("warm", None, [], {}) for _ in range(self.chosen.at_once)]
        self.calls.start_at_once(calls)
        self.calls.wait()
        for call in calls:
            if call.status != 0:
                self.offend("a warm call fails", call)
        if len({call.out for call in calls}) > 1:
            self.offend("warm calls differ", words)
        if int(self.meti.ask("posts")) != posts:
            self.offend("warm calls asked METI", words)
        if calls:
            took = max(call.end for call in calls) - min(call.start for call in calls)
            self.say(f"{len(calls)} at once while {words}: {took} ms")

    def every_account_works(self):
        """Each gives a token, an own one, after the pauses that the storm has left."""
        for account in ACCOUNTS:
            self.must(Call(
                "keyring", account, ["--account", account], {"METI_TOKEN_CACHE": "keyring"}))
            self.must(Call("forced", account, ["--account", account, "-f"], {}))
        self.must(Call("forced", None, ["--force-refresh"], {}))
        self.must(Call("list", None, ["list"], {}))

    def must(self, call):
        self.calls.run(call)
        if call.status != 0:
            self.offend("it must succeed", call)

    def until(self, condition):
        while not condition():
            self.calls.turn(100)

    # --- The end

    def conclude(self):
        journal = self.meti.ask("journal")
        self.must(Call("logout", None, ["logout", "--all"], {}))
        # The kernel sweeps away what nobody refers to any more, some time later.
        deadline = now() + 10_000
        while (left := self.kernel_keys()) and now() < deadline:
            self.calls.turn(100)
        for line in left:
            self.offend("a key is left in the kernel", line)
        self.calls.turn(200)
        for pid in self.calls.strangers:
            self.offend("a process was left behind", pid)
        self.check_files()
        verdict = Verdict(self.calls.done, journal, self.keyring, ACCOUNTS)
        verdict.judge()
        self.offences += verdict.offences
        self.report(verdict)

    def kernel_keys(self):
        with open("/proc/keys") as keys:
            return [line for line in keys if f"meti-token:{self.url}" in line]

    def check_files(self):
        secrets = [password.encode() for password in ACCOUNTS.values()]
        for folder, _, names in os.walk(f"{self.directory}/session"):
            for name in names:
                path = os.path.join(folder, name)
                if os.path.isfile(path):
                    with open(path, "rb") as file:
                        content = file.read()
                    if b"eyJ" in content or any(secret in content for secret in secrets):
                        self.offend("a secret on disk", path)

    def offend(self, what, whose):
        self.offences.append(f"{what}:\n  {whose}")

    def say(self, words):
        print(words, flush=True)

    def report(self, verdict):
        calls = self.calls.done
        self.say(f"\n{len(calls)} calls, at most {self.chosen.parallel} at a time but for those "
                 f"at once, {len(ACCOUNTS)} accounts, seed {self.chosen.seed}\n")
        self.say("calls      number  statuses                                  ms: 50 %     95 %      max")
        for kind in sorted({call.kind for call in calls}):
            of_kind = [call for call in calls if call.kind == kind]
            statuses = collections.Counter(call.status for call in of_kind)
            took = sorted(call.took for call in of_kind)
            text = ", ".join(f"{status}: {count}" for status, count in sorted(statuses.items()))
            self.say(f"{kind:10} {len(of_kind):6}  {text:42} {took[len(took) // 2]:8} "
                     f"{took[min(len(took) - 1, len(took) * 95 // 100)]:8} {took[-1]:8}")
        posts = verdict.posts
        reasons = collections.Counter(post.reason or "NOTHING" for post in posts)
        answers = collections.Counter(post.answer for post in posts)
        self.say(f"\n{len(posts)} POSTs, because: " +
                 ", ".join(f"{reason} {count}" for reason, count in reasons.most_common()))
        self.say("answered: " +
                 ", ".join(f"{answer} {count}" for answer, count in answers.most_common()))
        down = sum((end or now()) - begin for begin, end in self.keyring.troubles)
        self.say("the keyring was " +
                 ", ".join(f"{what} {times} times" for what, times in self.keyring.counts.items()) +
                 f", and in trouble for {down / 1000:.1f} s; METI's port was closed "
                 f"{self.storm.deaf} times")

    def end(self):
        if self.url:
            # Keys in the kernel outlive the session; whatever else fails, they are removed.
            environment = {**self.calls.environment, "METI_TOKEN_TIMEOUT": "5"}
            subprocess.run(
                [f"{self.chosen.programs}/meti-token", "logout", "--all"], env=environment,
                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
        self.meti.end()
        self.keyring.service.end()


def main():
    chosen = options()
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: sys.exit(143))
    began = time.monotonic()
    # The sockets in it need a short name, so it is not made under TMPDIR.
    directory = tempfile.mkdtemp(prefix="meti-token-soak.", dir="/tmp")
    try:
        soak = Soak(chosen, directory)
        try:
            soak.run()
            soak.conclude()
        finally:
            soak.end()
    finally:
        shutil.rmtree(directory, ignore_errors=True)
    print(f"it took {time.monotonic() - began:.0f} s")
    if soak.offences:
        print(f"\n{len(soak.offences)} NOT as it must be (--seed {chosen.seed}):")
        for offence in soak.offences[:50]:
            print(f"- {offence}")
        sys.exit(1)
    print("all of it as it must be")


main()
