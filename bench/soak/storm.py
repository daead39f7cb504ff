"""The storm: calls of every kind while METI and the keyring fail at random."""

import heapq

from calls import Call
from services import now

TROUBLE = 40       # of a hundred POSTs
DEFAULT_LIFE = 3600


class Storm:
    def __init__(self, random, calls, meti, keyring, accounts, parallel):
        self.random = random
        self.calls = calls
        self.meti = meti
        self.keyring = keyring
        self.accounts = accounts  # passwords by name; the first is the default
        self.parallel = parallel
        self.agenda = []
        self.order = 0
        self.is_over = False
        self.relogins = {}   # calls that are under way or planned, by account
        self.deaf = 0
        self.last_token = {}

    # --- What happens by itself

    def plan(self, milliseconds, action):
        self.order += 1
        heapq.heappush(self.agenda, (now() + milliseconds, self.order, action))

    def plan_troubles(self):
        self.plan(self.random.randint(500, 2500), self.trouble_the_keyring)
        self.plan(self.random.randint(1000, 6000), self.stop_listening)
        self.plan(self.random.randint(500, 3000), self.change_lifetime)

    def trouble_the_keyring(self):
        if self.is_over:
            return
        trouble = self.random.choice(["killed", "killed", "killed", "frozen", "locked"])
        lasts = self.random.randint(0, 2000 if trouble == "frozen" else 800)

        def again():
            self.plan(self.random.randint(500, 4000), self.trouble_the_keyring)

        def begun(_):
            self.plan(lasts, lambda: self.keyring.cure(trouble, again))
        self.keyring.begin(trouble, begun)

    def stop_listening(self):
        if self.is_over:
            return
        self.deaf += 1

        def listens(_):
            self.plan(self.random.randint(1000, 8000), self.stop_listening)

        def is_deaf(_):
            self.plan(self.random.randint(50, 800), lambda: self.meti.tell("listen", listens))
        self.meti.tell("deaf", is_deaf)

    def change_lifetime(self):
        if self.is_over:
            return
        life = self.random.choice([4, 6, 8, 10, 20, 300])
        self.meti.tell(f"lifetime {life}")
        self.plan(self.random.randint(1000, 8000), self.change_lifetime)

    # --- The calls

    def some_call(self):
        random = self.random
        names = list(self.accounts)
        account = random.choices(names, [3, 2, 2][:len(names)])[0]
        kind = random.choices(
            ["warm", "keyring", "forced", "reject", "list"], [50, 30, 13, 3, 4])[0]
        form = random.choices(["bare", "header", "json"], [6, 3, 1])[0]
        arguments = [] if form == "bare" else [f"--{form}"]
        environment = {}
        if random.random() < 0.3:
            account = None
        else:
            if random.random() < 0.5:
                environment["METI_ACCOUNT"] = account
            else:
                arguments += ["--account", account]
        if kind == "keyring" or (kind == "forced" and random.random() < 0.3):
            environment["METI_TOKEN_CACHE"] = "keyring"
        stdin = b""
        if kind == "forced":
            arguments += ["--force-refresh"]
        elif kind == "reject":
            account = account or names[0]
            arguments, environment = ["reject", "--token-stdin", "--account", account], {}
            stdin = self.last_token.get(account, "none").encode()
        elif kind == "list":
            arguments, environment = ["list"], {}
        timeout = random.choice([3, 5, 8, 15, 30])
        return Call(kind, account, arguments, environment, form, stdin, timeout)

    def login(self, account):
        return Call(
            "login", account, ["login", "--email", account, "--password-stdin"], {}, "none",
            self.accounts[account].encode() + b"\n")

    def has_ended(self, call):
        is_print = call.kind in ("warm", "keyring", "forced")
        if is_print and call.account and call.form == "bare" and call.status == 0:
            self.last_token[call.account] = call.out.strip()
        is_refused = call.kind != "login" and call.status == 77
        if call.kind == "login":
            del self.relogins[call.account]
            is_refused = call.status != 0
        # As a person would: some time later, and again until it works.
        if is_refused and call.account and call.account not in self.relogins:
            login = self.relogins[call.account] = self.login(call.account)
            self.plan(self.random.randint(100, 1000), lambda: self.calls.start(login))

    def run(self, number):
        """Makes so many calls, `parallel` of them at a time."""
        self.is_over = False
        self.plan_troubles()
        started = 0
        while started < number or self.calls.running:
            while started < number and len(self.calls.running) < self.parallel:
                self.calls.start(self.some_call())
                started += 1
            self.turn()
        self.is_over = True
        while self.agenda or self.relogins or not self.keyring.is_well:
            self.turn()

    def turn(self):
        until = self.agenda[0][0] - now() if self.agenda else 200
        for call in self.calls.turn(min(until, 200)):
            self.has_ended(call)
        while self.agenda and self.agenda[0][0] <= now():
            heapq.heappop(self.agenda)[2]()
