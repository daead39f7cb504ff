"""What holds for requests and for httpx alike.

A case has `send(url=None, method="GET", body=None)`, `stream()`, and `use_account(account)`.
"""
import os
import pathlib

from support import EMAIL

from meti_token import METITokenError


class Case:
    def setUp(self):
        super().setUp()
        self.sources = self.meti.url + "/sources"

    def redirect(self, url):
        return f"{self.meti.url}/redirect?to={url}"

    def write_netrc(self, host):
        (pathlib.Path.home() / ".netrc").write_text(f"machine {host} login x password y\n")


class Requests:
    def test_thirty_requests_make_one_post_for_a_token(self):
        for _ in range(30):
            self.send().raise_for_status()
        self.assertEqual(self.meti.posts, 1)
        self.assertEqual(len(self.program.calls), 1)

    def test_an_entry_in_netrc_does_not_count(self):
        self.write_netrc("127.0.0.1")
        self.send(self.redirect("/sources")).raise_for_status()
        self.assertEqual(self.meti.posts, 1)
        self.assertEqual(self.program.rejected, [])

    def test_an_account_is_passed_on(self):
        self.use_account(EMAIL)
        self.send().raise_for_status()
        self.assertIn(f"--account={EMAIL}", self.program.calls[0]["arguments"])

    def test_the_error_of_the_program_reaches_the_caller(self):
        os.environ["METI_PASSWORD"] = "wrong"
        with self.assertRaises(METITokenError) as caught:
            self.send()
        self.assertEqual(caught.exception.status, 77)
        self.assertEqual(self.meti.requests, [])


class Repeats:
    """After a 401."""

    def setUp(self):
        super().setUp()
        self.send()
        self.old = self.meti.last_token
        self.meti.do("revoke")

    def test_the_token_is_discarded_and_the_request_is_repeated(self):
        response = self.send()
        response.raise_for_status()
        self.assertEqual([earlier.status_code for earlier in response.history], [401])
        self.assert_one_repeat(self.old)

    def test_a_body_in_memory_is_sent_again(self):
        self.assertEqual(self.send(method="POST", body=b"12345").json(), {"bytes": 5})
        self.assert_one_repeat(self.old)

    def test_a_stream_is_not_sent_again_but_the_token_is_discarded(self):
        self.assertEqual(self.send(method="POST", body=self.stream()).status_code, 401)
        self.assertEqual(self.program.rejected, [self.old])
        self.assertEqual(self.meti.posts, 1)
        self.assertEqual(self.send(method="POST", body=self.stream()).json(), {"bytes": 5})

    def test_a_second_401_stands_and_the_new_token_is_used_again(self):
        self.meti.do('outage 60 {"status":401}')
        self.program.script(status=0)  # reject
        self.program.script_token("new", 3600, self.meti.url)
        for _ in range(10):
            self.assertEqual(self.send().status_code, 401)
        self.assertEqual(len(self.meti.requests), 1 + 2 + 9)
        self.assertEqual(len(self.program.calls), 1 + 2)


class Origins:
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

    def test_a_redirect_on_the_origin_keeps_the_token(self):
        self.send(self.redirect("/sources")).raise_for_status()

    def test_a_redirect_elsewhere_loses_the_token_and_its_401_stands(self):
        response = self.send(self.redirect(self.other.url + "/sources"))
        self.assertEqual(response.status_code, 401)
        self.assertEqual(self.other.headers, [None])
        self.assertEqual(self.program.rejected, [])
