import io
import os
import pathlib
import threading
import unittest
from concurrent.futures import ThreadPoolExecutor

import requests
from support import EMAIL, METICase

from meti_token import METIAuth, METITokenError


class RequestsCase(METICase):
    def setUp(self):
        super().setUp()
        self.session = requests.Session()
        self.session.verify = self.ca
        self.session.auth = METIAuth()
        self.addCleanup(self.session.close)
        self.sources = self.meti.url + "/sources"

    def get(self, url=None, **options):
        return self.session.get(url or self.sources, **options)

    def redirect(self, url):
        return f"{self.meti.url}/redirect?to={url}"


class Requests(RequestsCase):
    def test_thirty_requests_make_one_post_for_a_token(self):
        for _ in range(30):
            self.get().raise_for_status()
        self.assertEqual(self.meti.posts, 1)
        self.assertEqual(len(self.program.calls), 1)

    def test_an_entry_in_netrc_does_not_count(self):
        (pathlib.Path.home() / ".netrc").write_text("machine 127.0.0.1 login x password y\n")
        self.get().raise_for_status()

    def test_an_entry_in_netrc_does_not_count_after_a_redirect(self):
        (pathlib.Path.home() / ".netrc").write_text("machine 127.0.0.1 login x password y\n")
        self.get(self.redirect("/sources")).raise_for_status()
        self.assertEqual(self.meti.posts, 1)
        self.assertEqual(self.program.rejected, [])

    def test_the_error_of_the_program_reaches_the_caller(self):
        os.environ["METI_PASSWORD"] = "wrong"
        with self.assertRaises(METITokenError) as caught:
            self.get()
        self.assertEqual(caught.exception.status, 77)
        self.assertEqual(self.meti.requests, [])

    def test_Airflow_makes_the_object_without_arguments(self):
        # HttpHook, for a connection without a login.
        self.session.auth = METIAuth()
        prepared = self.session.prepare_request(requests.Request("GET", self.sources))
        settings = self.session.merge_environment_settings(prepared.url, {}, False, None, None)
        self.session.send(prepared, timeout=10, allow_redirects=True, **settings).raise_for_status()

    def test_Airflow_makes_the_object_with_the_login_and_the_password_of_a_connection(self):
        self.session.auth = METIAuth(EMAIL, "ignored")
        self.get().raise_for_status()
        self.assertIn(f"--account={EMAIL}", self.program.calls[0]["arguments"])


class Repeats(RequestsCase):
    """After a 401."""

    def setUp(self):
        super().setUp()
        self.get()
        self.old = self.meti.last_token
        self.meti.do("revoke")

    def test_the_token_is_discarded_and_the_request_is_repeated(self):
        response = self.get()
        response.raise_for_status()
        self.assertEqual([earlier.status_code for earlier in response.history], [401])
        self.assertEqual(
            response.history[0].request.headers["Authorization"], f"Bearer {self.old}")
        self.assert_one_repeat(self.old)

    def test_a_body_in_memory_is_sent_again(self):
        for body in [b"12345", "12345", bytearray(b"12345")]:
            with self.subTest(type(body)):
                self.meti.do("revoke")
                self.assertEqual(
                    self.session.post(self.sources, data=body).json(), {"bytes": 5})

    def test_a_form_with_a_file_is_sent_again(self):
        response = self.session.post(self.sources, files={"file": io.BytesIO(b"12345")})
        first, second = self.meti.requests[-2:]
        self.assertEqual(first["body_bytes"], second["body_bytes"])
        response.raise_for_status()

    def test_a_file_is_sent_again_from_where_it_started(self):
        file = io.BytesIO(b"skipped,12345")
        file.seek(8)
        self.assertEqual(self.session.post(self.sources, data=file).json(), {"bytes": 5})
        self.assert_one_repeat(self.old)

    def test_a_file_that_was_sent_is_not_set_back(self):
        self.get()
        file = io.BytesIO(b"12345")
        self.session.post(self.sources, data=file).raise_for_status()
        self.assertEqual(file.tell(), 5)

    def test_a_stream_is_not_sent_again_but_the_token_is_discarded(self):
        def post():
            return self.session.post(self.sources, data=iter([b"123", b"45"]))

        self.assertEqual(post().status_code, 401)
        self.assertEqual(self.program.rejected, [self.old])
        self.assertEqual(self.meti.posts, 1)
        self.assertEqual(post().json(), {"bytes": 5})

    def test_a_second_401_stands_and_the_new_token_is_used_again(self):
        self.meti.do('outage 60 {"status":401}')
        self.program.script(status=0)  # reject
        self.program.script_token("new", 3600, self.meti.url)
        for _ in range(10):
            self.assertEqual(self.get().status_code, 401)
        self.assertEqual(len(self.meti.requests), 1 + 2 + 9)
        self.assertEqual(len(self.program.calls), 1 + 2)

    def test_if_the_same_token_comes_again_the_401_stands(self):
        self.program.script(status=69, stderr="meti-token: error: the keyring is locked\n")
        self.program.script_token(self.old, 3600, self.meti.url)
        with self.assertLogs("meti_token", "WARNING") as logged:
            self.assertEqual(self.get().status_code, 401)
        self.assertIn("the keyring is locked", logged.output[0])
        self.assertEqual(len(self.meti.requests), 2)

    def test_twenty_threads_discard_the_token_once(self):
        start = threading.Barrier(20)

        def get(_):
            start.wait()
            return requests.get(self.sources, auth=self.session.auth, verify=self.ca).status_code

        with ThreadPoolExecutor(20) as pool:
            self.assertEqual(set(pool.map(get, range(20))), {200})
        self.assertEqual(self.program.rejected, [self.old])
        self.assertEqual(self.meti.posts, 2)

    def test_other_errors_are_left_to_the_caller(self):
        self.meti.do('outage 60 {"status":403}')
        self.assertEqual(self.get().status_code, 403)
        self.assertEqual(self.program.rejected, [])

    def test_a_token_handed_in_is_replaced_by_that_of_the_account(self):
        os.environ["METI_TOKEN"] = "opaque"
        self.session.auth = METIAuth()
        self.get().raise_for_status()
        self.assert_one_repeat("opaque")

    def test_a_redirect_after_the_repeat_gets_the_new_token(self):
        class Adapter(requests.adapters.HTTPAdapter):
            sent = []
            statuses = [401, 307, 200]

            def send(self, request, **_):
                self.sent.append(request.headers["Authorization"].removeprefix("Bearer "))
                response = requests.Response()
                response.status_code = self.statuses.pop(0)
                response.headers["Location"] = "/elsewhere"
                response.request, response.url, response.connection = request, request.url, self
                response.raw = io.BytesIO()
                return response

        self.session.mount(self.meti.url, Adapter())
        self.assertEqual(self.session.post(self.sources, data=b"1").status_code, 200)
        new = self.meti.last_token
        self.assertEqual(Adapter.sent, [self.old, new, new])


class Origins(RequestsCase):
    """The token is sent to the API's scheme, host and port only."""

    def setUp(self):
        super().setUp()
        self.other = self.start_meti()

    def test_a_request_to_another_origin_is_an_error(self):
        port = self.meti.url.rpartition(":")[2]
        for url in [
            self.other.url + "/sources", f"https://localhost:{port}/sources",
            f"http://127.0.0.1:{port}/sources", f"https://127.0.0.1@localhost:{port}/sources",
            f"{self.other.url}\\@127.0.0.1:{port}/sources", "https://127.0.0.1/sources",
        ]:
            with self.subTest(url), self.assertRaisesRegex(METITokenError, "is not sent to http"):
                self.get(url)
        self.assertEqual(self.other.requests + self.meti.requests, [])

    def test_the_way_a_URL_is_written_does_not_count(self):
        self.get(self.sources.replace("https", "HTTPS")).raise_for_status()

    def test_a_redirect_on_the_origin_keeps_the_token(self):
        self.get(self.redirect("/sources")).raise_for_status()

    def test_a_redirect_elsewhere_loses_the_token_and_its_401_stands(self):
        self.assertEqual(self.get(self.redirect(self.other.url + "/sources")).status_code, 401)
        self.assertEqual(self.other.headers, [None])
        self.assertEqual(self.program.rejected, [])

    def test_a_redirect_elsewhere_gets_no_token_in_place_of_an_entry_in_netrc(self):
        (pathlib.Path.home() / ".netrc").write_text("machine localhost login x password y\n")
        other = self.other.url.replace("127.0.0.1", "localhost") + "/sources"
        self.assertEqual(self.get(self.redirect(other)).status_code, 401)
        self.assertEqual(self.other.headers, ["Basic eDp5"])

    def test_a_redirect_back_from_elsewhere_does_not_get_the_token_again(self):
        back = f"{self.other.url}/redirect?to={self.sources}"
        self.assertEqual(self.get(self.redirect(back)).status_code, 401)
        self.assertEqual(self.other.headers, [None])
        self.assertIsNone(self.meti.headers[-1])


if __name__ == "__main__":
    unittest.main()
