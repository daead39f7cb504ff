import asyncio
import contextlib
import copy
import unittest

import common
import httpx
from support import METICase

from meti_token import METIHTTPXAuth, METITokenError


class HTTPXCase(common.Case, METICase):
    """Every test runs with httpx.Client and with httpx.AsyncClient: see `load_tests`."""

    is_async = False

    def setUp(self):
        super().setUp()
        self.auth = METIHTTPXAuth()

    def send(self, url=None, method="GET", body=None):
        return self.send_all([(method, url or self.sources, {"content": body})])[0]

    def use_account(self, account):
        self.auth = METIHTTPXAuth(account)

    def send_all(self, requests, at_once=False):
        settings = {"auth": self.auth, "verify": self.tls, "follow_redirects": True}

        async def send_all():
            async with httpx.AsyncClient(**settings) as client:
                calls = [client.request(method, url, **more) for method, url, more in requests]
                return await asyncio.gather(*calls) if at_once else [await call for call in calls]

        if self.is_async:
            return asyncio.run(send_all())
        with httpx.Client(**settings) as client:
            return [client.request(method, url, **more) for method, url, more in requests]

    def stream(self):
        if not self.is_async:
            return iter([b"123", b"45"])

        async def parts():
            yield b"123"
            yield b"45"

        return parts()


class Requests(common.Requests, HTTPXCase):
    def test_a_copy_has_no_token(self):
        self.send()
        self.auth = copy.deepcopy(self.auth)
        self.assertIsInstance(self.auth, httpx.Auth)
        self.send().raise_for_status()
        self.assertEqual(len(self.program.calls), 2)


class Repeats(common.Repeats, HTTPXCase):
    def test_after_a_redirect_only_the_last_request_is_repeated(self):
        self.send(self.redirect("/sources"), method="POST", body=b"1").raise_for_status()
        self.assertEqual(
            [(request["method"], request["target"][:8]) for request in self.meti.requests[1:]],
            [("POST", "/redirec"), ("GET", "/sources"), ("GET", "/sources")])
        self.assert_one_repeat(self.old)


class Origins(common.Origins, HTTPXCase):
    def test_a_URL_that_parsers_read_differently_sends_no_token_elsewhere(self):
        for one, two in [(self.meti.url, self.other.url), (self.other.url, self.meti.url)]:
            url = f"{one}\\@{two.partition('//')[2]}/sources"
            with self.subTest(url), contextlib.suppress(METITokenError, httpx.HTTPError):
                self.send(url)
        self.assertEqual(self.other.requests, [])


class AtOnce(HTTPXCase):
    is_async = True

    def test_twenty_tasks_run_the_program_once(self):
        responses = self.send_all([("GET", self.sources, {})] * 20, at_once=True)
        self.assertEqual({response.status_code for response in responses}, {200})
        self.assertEqual(self.meti.posts, 1)

    def test_twenty_tasks_discard_the_token_once(self):
        self.send()
        old = self.meti.last_token
        self.meti.do("revoke")
        responses = self.send_all([("GET", self.sources, {})] * 20, at_once=True)
        self.assertEqual({response.status_code for response in responses}, {200})
        self.assertEqual(self.program.rejected, [old])
        self.assertEqual(self.meti.posts, 2)

    def test_other_tasks_go_on_while_the_program_runs(self):
        go = self.folder / "go"
        self.program.script(status=75, when=str(go), stderr="meti-token: error: ended\n")

        async def both():
            async with httpx.AsyncClient(auth=self.auth) as client:
                request = asyncio.ensure_future(client.get(self.sources))
                await asyncio.sleep(0)
                go.touch()  # The program waits for this.
                await request

        with self.assertRaisesRegex(METITokenError, "ended"):
            asyncio.run(both())


def load_tests(loader, tests, pattern):
    for case in (Requests, Repeats, Origins):
        name = f"Async{case.__name__}"
        made = type(name, (case,), {"is_async": True, "__module__": __name__})
        globals()[name] = made  # So that a test can be named on the command line.
        tests.addTests(loader.loadTestsFromTestCase(made))
    return tests


if __name__ == "__main__":
    unittest.main()
