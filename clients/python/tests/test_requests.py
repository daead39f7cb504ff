import io
import os
import threading
import unittest
from concurrent.futures import ThreadPoolExecutor

import common
import requests
from support import EMAIL, METICase

from meti_token import METIAuth, METITokenError


class RequestsCase(common.Case, METICase):
    def setUp(self):
        super().setUp()
        self.session = requests.Session()
        self.session.verify = self.ca
        self.session.auth = METIAuth()
        self.addCleanup(self.session.close)

    def send(self, url=None, method="GET", body=None):
        return self.session.request(method, url or self.sources, data=body)

    def stream(self):
        return iter([b"123", b"45"])

    def use_account(self, account):
        self.session.auth = METIAuth(account)


class Requests(common.Requests, RequestsCase):
    def test_an_entry_in_netrc_does_not_count_without_a_redirect(self):
        self.write_netrc("127.0.0.1")
        self.send().raise_for_status()

    def test_Airflow_makes_the_object_without_arguments(self):
        # HttpHook, for a connection without a login.
        self.session.auth = METIAuth()
        prepared = self.session.prepare_request(requests.Request("GET", self.sources))
        settings = self.session.merge_environment_settings(prepared.url, {}, False, None, None)
        self.session.send(prepared, timeout=10, allow_redirects=True, **settings).raise_for_status()

    def test_Airflow_makes_the_object_with_the_login_and_the_password_of_a_connection(self):
        self.session.auth = METIAuth(EMAIL, "ignored")
        self.send().raise_for_status()
        self.assertIn(f"--account={EMAIL}", self.program.calls[0]["arguments"])


class Repeats(common.Repeats, RequestsCase):
    def test_the_history_has_the_first_request_as_it_was_sent(self):
        first = self.send().history[0].request
        self.assertEqual(first.headers["Authorization"], f"Bearer {self.old}")

    def test_any_body_in_memory_is_sent_again(self):
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
        self.send()
        file = io.BytesIO(b"12345")
        self.session.post(self.sources, data=file).raise_for_status()
        self.assertEqual(file.tell(), 5)

    def test_if_the_same_token_comes_again_the_401_stands(self):
        self.program.script(status=69, stderr="meti-token: error: the keyring is locked\n")
        self.program.script_token(self.old, 3600, self.meti.url)
        with self.assertLogs("meti_token", "WARNING") as logged:
            self.assertEqual(self.send().status_code, 401)
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
        self.assertEqual(self.send().status_code, 403)
        self.assertEqual(self.program.rejected, [])

    def test_a_token_handed_in_is_replaced_by_that_of_the_account(self):
        os.environ["METI_TOKEN"] = "opaque"
        self.session.auth = METIAuth()
        self.send().raise_for_status()
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


class Origins(common.Origins, RequestsCase):
    def test_a_URL_that_parsers_read_differently_is_an_error(self):
        url = f"{self.other.url}\\@{self.meti.url.partition('//')[2]}/sources"
        with self.assertRaisesRegex(METITokenError, "is not sent to http"):
            self.send(url)
        self.assertEqual(self.other.requests + self.meti.requests, [])

    def test_a_redirect_elsewhere_gets_no_token_in_place_of_an_entry_in_netrc(self):
        self.write_netrc("localhost")
        other = self.other.url.replace("127.0.0.1", "localhost") + "/sources"
        self.assertEqual(self.send(self.redirect(other)).status_code, 401)
        self.assertEqual(self.other.headers, ["Basic eDp5"])

    def test_a_redirect_back_from_elsewhere_does_not_get_the_token_again(self):
        back = f"{self.other.url}/redirect?to={self.sources}"
        self.assertEqual(self.send(self.redirect(back)).status_code, 401)
        self.assertEqual(self.other.headers, [None])
        self.assertIsNone(self.meti.headers[-1])


if __name__ == "__main__":
    unittest.main()
