import asyncio
import contextlib
import copy
import os
import pathlib
import unittest

import httpx
from support import EMAIL, METICase

from meti_token import METIHTTPXAuth, METITokenError


class HTTPXCase(METICase):
    """Every test runs with httpx.Client and with httpx.AsyncClient: see `load_tests`."""

    is_async = False

    def setUp(self):
        super().setUp()
        self.auth = METIHTTPXAuth()
        self.sources = self.meti.url + "/sources"

    def send(self, url=None, method="GET", **options):
        return self.send_all([(method, url or self.sources, options)])[0]

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

    def redirect(self, url):
        return f"{self.meti.url}/redirect?to={url}"

    def stream(self):
        if not self.is_async:
            return iter([b"123", b"45"])

        async def parts():
            yield b"123"
            yield b"45"

        return parts()


class Requests(HTTPXCase):
    def test_thirty_requests_make_one_post_for_a_token(self):
        responses = self.send_all([("GET", self.sources, {})] * 30)
        self.assertEqual({response.status_code for response in responses}, {200})
        self.assertEqual(self.meti.posts, 1)
        self.assertEqual(len(self.program.calls), 1)

    def test_an_entry_in_netrc_does_not_count(self):
        (pathlib.Path.home() / ".netrc").write_text("machine 127.0.0.1 login x password y\n")
        self.send(self.redirect("/sources")).raise_for_status()

    def test_an_account_is_passed_on(self):
        self.auth = METIHTTPXAuth(EMAIL)
        self.send().raise_for_status()
        self.assertIn(f"--account={EMAIL}", self.program.calls[0]["arguments"])

    def test_the_error_of_the_program_reaches_the_caller(self):
        os.environ["METI_PASSWORD"] = "wrong"
        with self.assertRaises(METITokenError) as caught:
            self.send()
        self.assertEqual(caught.exception.status, 77)
        self.assertEqual(self.meti.requests, [])

    def test_a_copy_has_no_token(self):
        self.send()
        self.auth = copy.deepcopy(self.auth)
        self.assertIsInstance(self.auth, httpx.Auth)
        self.send().raise_for_status()
        self.assertEqual(len(self.program.calls), 2)


class Repeats(HTTPXCase):
    """After a 401."""

    def setUp(self):
        super().setUp()
        self.send()
        self.old = self.meti.last_token
        self.meti.do("revoke")

    def test_the_token_is_discarded_and_the_request_is_repeated(self):
        response = self.send()
        self.assertEqual(response.status_code, 200)
        self.assertEqual([earlier.status_code for earlier in response.history], [401])
        self.assert_one_repeat(self.old)

    def test_a_body_in_memory_is_sent_again(self):
        response = self.send(method="POST", json=[1, 2])
        self.assertEqual(response.json(), {"bytes": self.meti.requests[-1]["body_bytes"]})
        self.assert_one_repeat(self.old)

    def test_a_stream_is_not_sent_again_but_the_token_is_discarded(self):
        self.assertEqual(self.send(method="POST", content=self.stream()).status_code, 401)
        self.assertEqual(self.program.rejected, [self.old])
        self.assertEqual(self.meti.posts, 1)
        self.assertEqual(self.send(method="POST", content=self.stream()).json(), {"bytes": 5})

    def test_a_second_401_stands_and_the_new_token_is_used_again(self):
        self.meti.do('outage 60 {"status":401}')
        self.program.script(status=0)  # reject
        self.program.script_token("new", 3600, self.meti.url)
        for _ in range(10):
            self.assertEqual(self.send().status_code, 401)
        self.assertEqual(len(self.meti.requests), 1 + 2 + 9)
        self.assertEqual(len(self.program.calls), 1 + 2)

    def test_after_a_redirect_only_the_last_request_is_repeated(self):
        self.send(self.redirect("/sources"), method="POST", content=b"1").raise_for_status()
        self.assertEqual(
            [(request["method"], request["target"][:8]) for request in self.meti.requests[1:]],
            [("POST", "/redirec"), ("GET", "/sources"), ("GET", "/sources")])
        self.assert_one_repeat(self.old)


class Origins(HTTPXCase):
    """The token is sent to the API's scheme, host and port only."""

    def setUp(self):
        super().setUp()
        self.other = self.start_meti()

    def test_a_request_to_another_origin_is_an_error(self):
        port = self.meti.url.rpartition(":")[2]
        for url in [
            self.other.url + "/sources", f"https://localhost:{port}/sources",
            f"http://127.0.0.1:{port}/sources", f"https://127.0.0.1@localhost:{port}/sources",
            "https://127.0.0.1/sources",
        ]:
            with self.subTest(url), self.assertRaisesRegex(METITokenError, "is not sent to http"):
                self.send(url)
        self.assertEqual(self.other.requests + self.meti.requests, [])

    def test_the_way_a_URL_is_written_does_not_count(self):
        self.send(self.sources.replace("https", "HTTPS")).raise_for_status()

    def test_a_URL_that_parsers_read_differently_sends_no_token_elsewhere(self):
        for one, two in [(self.meti.url, self.other.url), (self.other.url, self.meti.url)]:
            url = f"{one}\\@{two.partition('//')[2]}/sources"
            with self.subTest(url), contextlib.suppress(METITokenError, httpx.HTTPError):
                self.send(url)
        self.assertEqual(self.other.requests, [])

    def test_a_redirect_on_the_origin_keeps_the_token(self):
        self.send(self.redirect("/sources")).raise_for_status()

    def test_a_redirect_elsewhere_loses_the_token_and_its_401_stands(self):
        response = self.send(self.redirect(self.other.url + "/sources"))
        self.assertEqual(response.status_code, 401)
        self.assertEqual(self.other.headers, [None])
        self.assertEqual(self.program.rejected, [])


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
