"""What must hold of all calls and of METI's journal; says what does not."""

import dataclasses
import json
import re

ALLOWED = {
    "warm": {0, 69, 75, 76, 77}, "keyring": {0, 69, 75, 76, 77}, "forced": {0, 69, 75, 76, 77},
    "reject": {0, 69, 75}, "list": {0, 69}, "login": {0, 69, 75, 76, 77}, "logout": {0},
}
# Milliseconds by which our clock readings and those inside a call may differ on a busy machine.
TOLERANCE = 500
FIRST_PAUSE, REST, ATTEMPTS = 250, 8_000, 4
# After these METI is given a pause. Silence is none of them: it lasts until the caller's own time is
# over, which says nothing to those who have more and ask next.
TRANSIENT = re.compile("close|status-(408|425|429|5..)")


@dataclasses.dataclass
class Post:
    received: int
    ended: int
    answer: str
    account: str
    lifetime: int
    token: str
    reason: str = ""

    @property
    def is_failure(self):
        """Whether no token of it can have reached anybody."""
        return self.token is None or self.answer in ("truncated", "oversized")

    def __str__(self):
        return (
            f"POST of {self.account} received at {self.received}, ended {self.ended}, answered "
            f"{self.answer}, lifetime {self.lifetime}, explained as {self.reason!r}")


def read_journal(line):
    return [Post(**post) for post in json.loads(line)]


class Verdict:
    def __init__(self, calls, journal, keyring, accounts):
        self.calls = calls
        self.posts = read_journal(journal)
        self.keyring = keyring
        self.accounts = accounts
        self.offences = []
        self.by_token = {post.token: post for post in self.posts if post.token}

    def offend(self, what, whose):
        self.offences.append(f"{what}:\n  {whose}")

    def judge(self):
        logins = sorted((c for c in self.calls if c.kind == "login"), key=lambda c: c.end)
        for call in self.calls:
            call.accounts = {call.account} if call.account else self.defaults(call, logins)
        for call in self.calls:
            self.check_shape(call)
            if call.kind in ("warm", "keyring", "forced") and call.status == 0:
                self.check_token(call)
            if call.kind == "list" and call.status == 0:
                listed = set(re.findall(r"[^\s*]+@[^\s*]+", call.out))
                if listed != set(self.accounts):
                    self.offend("an account is missing or too many", call)
        for account in self.accounts:
            posts = [post for post in self.posts if post.account == account]
            calls = [call for call in self.calls if account in call.accounts]
            self.explain(posts, calls)
            self.check_refusals(posts, calls)
            self.check_pauses(posts)
        for post in self.posts:
            if post.account not in self.accounts:
                self.offend("a POST for nobody", post)

    @staticmethod
    def defaults(call, logins):
        """The accounts that were the default at some moment of the call: logins make them so."""
        before = [c for c in logins if c.end <= call.start and c.status == 0]
        since = before[-1].start if before else 0
        return {c.account for c in logins if c.end >= since and c.start <= call.end}

    def check_shape(self, call):
        if call.status not in ALLOWED[call.kind]:
            self.offend("an exit status that is not allowed", call)
        if call.took > call.timeout * 1000 + 2_000:
            self.offend("over its deadline", call)
        if call.status == 69 and not self.keyring.was_in_trouble(call.start, call.end):
            self.offend("it blames the keyring, which is well", call)
        if call.status != 0 and call.out:
            self.offend("something on stdout in spite of a failure", call)
        lines = call.err.splitlines()
        errors = [line for line in lines if line.startswith("meti-token: error: ")]
        hints = [line for line in lines if line.startswith("meti-token: hint: ")]
        warnings = [line for line in lines if line.startswith("meti-token: warning: ")]
        others = len(lines) - len(errors) - len(hints) - len(warnings)
        spoken = 1 if call.kind == "login" and call.status == 0 else 0
        if call.kind in ("reject", "logout") and call.status == 0:
            spoken = others
        if len(errors) != (call.status != 0) or len(hints) > len(errors) or others != spoken:
            self.offend("not one error, one hint and warnings on stderr", call)
        secrets = [call.stdin.decode().strip(), *self.accounts.values()]
        if any(secret and secret in call.err for secret in secrets) \
                or re.search(r"eyJ[\w-]{10}", call.err):
            self.offend("a secret on stderr", call)

    def check_token(self, call):
        account = None
        if call.form == "json":
            try:
                answer = json.loads(call.out)
                call.token, account = answer["token"], answer["account"]
            except (ValueError, KeyError):
                self.offend("no JSON", call)
                return
        else:
            pattern = "(?:Authorization: Bearer )" if call.form == "header" else ""
            match = re.fullmatch(pattern + r"([\w.-]+)\n", call.out)
            if not match:
                self.offend("stdout is not a token", call)
                return
            call.token = match[1]
        post = self.by_token.get(call.token)
        if post is None:
            self.offend("a token that METI never issued", call)
        elif post.account not in call.accounts or account not in (None, post.account):
            self.offend(f"a token of {post.account}", call)
        elif call.end > post.ended + post.lifetime * 1000:
            self.offend("a token that is dead", call)
        elif call.start > post.ended + post.lifetime * 1000 - min(60, post.lifetime / 2) * 1000:
            self.offend("a token that is about to die", call)
        elif call.kind == "forced" and post.ended < call.start:
            self.offend("an old token in spite of --force-refresh", call)

    # --- Why METI was asked

    def explain(self, posts, calls):
        printed = {call.token for call in calls if call.token}
        unkept = {call.token for call in calls if call.token and "was not kept" in call.err}
        # What a call could not keep because it was ended, or never got.
        previous = kept = None
        for post in posts:
            post.reason = self.reason(post, previous, kept, calls, printed, unkept)
            if not post.reason:
                around = [c for c in calls if c.start <= post.received <= c.end]
                self.offend(
                    "nothing explains this POST",
                    f"{post}\n  after {kept}\n  during " + "\n  ".join(map(str, around)))
            previous = post
            if not post.is_failure:
                kept = post
            if post.answer == "issue" and post.token and post.token not in printed \
                    and not self.overlapping(post, calls, {"login"}) \
                    and not any(c.start <= post.ended <= c.end and c.status != 0 for c in calls):
                self.offend("a token that was issued and never printed", post)

    @staticmethod
    def overlapping(post, calls, kinds):
        return [c for c in calls if c.kind in kinds and c.start <= post.received <= c.end]

    def reason(self, post, previous, kept, calls, printed, unkept):
        if self.overlapping(post, calls, {"login"}):
            return "login"
        if previous is not None and previous.is_failure:
            return "trouble before"
        if kept is None:
            return "first"
        if kept.token not in printed:
            return "answer lost"  # A delayed one, whose caller's deadline had passed.
        life = kept.lifetime * 1000
        if post.received >= kept.received + life - min(60_000, life // 2) - TOLERANCE:
            return "expired"
        if kept.token in unkept:
            return "not kept"
        rejects = [
            c for c in calls
            if c.kind == "reject" and c.start <= post.received and c.end >= kept.received]
        if any(c.stdin.decode() == kept.token or c.stdin == b"" for c in rejects):
            return "rejected"
        for call in self.overlapping(post, calls, {"forced"}):
            # One that began before the last token was asked for has it.
            if call.start + TOLERANCE > kept.received and call.token != kept.token:
                return "forced"
        return ""

    def check_refusals(self, posts, calls):
        logins = sorted(c.start for c in calls if c.kind == "login")
        refused = None
        for post in posts:
            if refused is not None:
                if any(refused.received <= start <= post.received for start in logins):
                    refused = None
                else:
                    self.offend("METI was asked again after a refusal", f"{post}\n  after {refused}")
            if post.answer == "status-401" and not self.overlapping(post, calls, {"login"}):
                refused = post

    def check_pauses(self, posts):
        """Between one failed attempt and the next, and after four of them."""
        run = []
        for post in posts:
            if run:
                last = run[-1]
                asked = re.fullmatch(r"status-\d+-(\d+)", last.answer)
                least = int(asked[1]) * 1000 if asked else FIRST_PAUSE
                if post.received - last.ended < least - 50:
                    self.offend(f"asked again within {least} ms", f"{post}\n  after {last}")
            if not TRANSIENT.match(post.answer):
                run = []
                continue
            run.append(post)
            if len(run) > ATTEMPTS:
                recent = run[-ATTEMPTS - 1:]
                rest = min(
                    int(found[1]) * 1000
                    if (found := re.fullmatch(r"status-\d+-(\d+)", p.answer)) else REST
                    for p in recent[:-1])
                gaps = [b.received - a.ended for a, b in zip(recent, recent[1:])]
                if max(gaps) < rest - 50:
                    self.offend(
                        "five failed POSTs in a row without a rest",
                        "\n  ".join(map(str, recent)))
