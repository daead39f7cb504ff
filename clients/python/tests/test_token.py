import copy
import json
import os
import pickle
import subprocess
import sys
import threading
import time
import unittest
from concurrent.futures import ThreadPoolExecutor
from unittest import mock

from support import EMAIL, MODULE, METICase, jwt

import meti_token
from meti_token import METIAuth, METITokenError, token


class Imports(unittest.TestCase):
    def test_the_module_imports_no_client(self):
        code = (
            "import sys, meti_token; meti_token.METIAuth()\n"
            "sys.exit(bool({'requests', 'httpx', 'anyio'} & set(sys.modules)))")
        subprocess.run([sys.executable, "-c", code], cwd=MODULE, check=True)

    def test_both_classes_are_imported_in_the_same_way(self):
        from meti_token import METIAuth, METIHTTPXAuth

        self.assertIs(METIAuth, meti_token.METIAuth)
        self.assertIs(METIHTTPXAuth, meti_token.METIHTTPXAuth)

    def test_other_names_do_not_exist(self):
        with self.assertRaisesRegex(AttributeError, "no attribute 'METIauth'"):
            meti_token.METIauth


class Calls(METICase):
    def test_a_token_is_one_that_METI_accepts(self):
        self.assertEqual(self.meti.do(f"is-live {token()}"), "yes")

    def test_the_program_cannot_prompt(self):
        token()
        [call] = self.program.calls
        self.assertEqual(call["arguments"], ["--json", "--no-prompt"])
        self.assertTrue(call["reads_null"])
        self.assertEqual(call["interactive"], "0")

    def test_an_account_is_passed_on(self):
        token(EMAIL)
        self.assertEqual(self.program.calls[0]["arguments"][2:], [f"--account={EMAIL}"])

    def test_the_error_is_the_text_and_the_status_of_the_program(self):
        os.environ["METI_PASSWORD"] = "wrong"
        with self.assertRaises(METITokenError) as caught:
            token()
        self.assertEqual(caught.exception.status, 77)
        self.assertEqual(str(caught.exception), self.program.calls[0]["stderr"].strip())
        self.assertRegex(str(caught.exception), "^meti-token: error: .*\nmeti-token: hint: ")

    def test_an_error_survives_a_process_pool(self):
        error = pickle.loads(pickle.dumps(METITokenError("text", 75)))
        self.assertEqual((str(error), error.status), ("text", 75))

    def test_a_signal_is_named(self):
        self.program.script(signal=True)
        with self.assertRaisesRegex(METITokenError, "exit status -9"):
            token()

    def test_without_the_program_the_error_says_what_to_install(self):
        self.remove_program()
        with self.assertRaisesRegex(METITokenError, "No such file.*\nhint: install") as caught:
            token()
        self.assertIsNone(caught.exception.status)

    def test_unexpected_output_is_not_shown(self):
        for output in ["s3cret", '{"token": "s3cret"}', '["s3cret"]']:
            self.program.script(stdout=output)
            with self.subTest(output), self.assertRaises(METITokenError) as caught:
                token()
            self.assertIn("unexpected output", str(caught.exception))
            self.assertNotIn("s3cret", str(caught.exception))
            self.assertTrue(caught.exception.__suppress_context__)

    def test_a_warning_of_the_program_is_logged(self):
        self.program.script(
            stderr="meti-token: warning: late\n", stdout=json.dumps({
                "token": "abc", "expires_on": 9e9, "expires_in": 60, "account": EMAIL,
                "api_url": self.meti.url}))
        with self.assertLogs("meti_token", "WARNING") as logged:
            self.assertEqual(token(), "abc")
        self.assertEqual(logged.records[0].getMessage(), "meti-token: warning: late")


class Keeping(METICase):
    def token_after(self, auth, seconds):
        with mock.patch("time.time", return_value=time.time() + seconds):
            return auth.token()

    def test_a_token_is_kept_until_one_minute_before_it_expires(self):
        auth = METIAuth()
        self.program.script_token("first", 3600, self.meti.url)
        self.program.script_token("second", 3600, self.meti.url)
        self.assertEqual(auth.token(), "first")
        self.assertEqual(self.token_after(auth, 3530), "first")
        self.assertEqual(self.token_after(auth, 3545), "second")

    def test_a_short_token_is_kept_for_half_its_life(self):
        auth = METIAuth()
        self.program.script_token("first", 40, self.meti.url)
        self.program.script_token("second", 40, self.meti.url)
        self.assertEqual(auth.token(), "first")
        self.assertEqual(self.token_after(auth, 15), "first")
        self.assertEqual(self.token_after(auth, 25), "second")

    def test_twenty_threads_run_the_program_once(self):
        auth = METIAuth()
        start = threading.Barrier(20)

        def ask(_):
            start.wait()
            return auth.token()

        with ThreadPoolExecutor(20) as pool:
            self.assertEqual(len(set(pool.map(ask, range(20)))), 1)
        self.assertEqual(len(self.program.calls), 1)

    def test_a_rejected_token_goes_to_the_program_over_stdin(self):
        auth = METIAuth()
        old = auth.token()
        auth.reject(old)
        self.assertEqual(self.program.rejected, [old])
        self.assertEqual(
            self.program.calls[-1]["arguments"], ["reject", "--token-stdin", f"--account={EMAIL}"])
        self.assertNotEqual(auth.token(), old)

    def test_rejecting_an_older_token_keeps_the_newer_one(self):
        auth = METIAuth()
        new = auth.token()
        auth.reject("older")
        self.assertEqual(auth.token(), new)
        self.assertEqual(len(self.program.calls), 1)

    def test_a_copy_has_no_token(self):
        auth = METIAuth(EMAIL)
        secret = auth.token()
        self.assertNotIn(secret.encode(), pickle.dumps(auth))
        copy.deepcopy(auth).token()
        self.assertEqual(len(self.program.calls), 2)

    def test_what_python_shows_of_the_object_has_no_token(self):
        auth = METIAuth()
        self.assertNotIn(auth.token(), f"{auth!r} {vars(auth)!r}")


class HandedIn(METICase):
    """A token in METI_TOKEN."""

    def test_it_is_used_without_the_program(self):
        for handed_in in [jwt(time.time() + 5), "opaque", "not.a-jwt.at-all"]:
            with self.subTest(handed_in), mock.patch.dict(os.environ, METI_TOKEN=handed_in):
                self.assertEqual(token(), handed_in)
        self.assertEqual(self.program.calls, [])

    def test_an_empty_one_counts_as_none(self):
        os.environ["METI_TOKEN"] = ""
        self.assertEqual(token(), self.meti.last_token)

    def test_if_it_has_expired_the_program_is_asked(self):
        os.environ["METI_TOKEN"] = jwt(time.time() - 1)
        self.program.script_token("fresh", 3600, self.meti.url)
        self.assertEqual(token(), "fresh")
        # So that the program can name the cause if it has no account.
        self.assertEqual(self.program.calls[0]["token"], os.environ["METI_TOKEN"])

    def test_an_object_notices_that_it_expires(self):
        os.environ["METI_TOKEN"] = jwt(time.time() + 100)
        auth = METIAuth()
        self.assertEqual(auth.token(), os.environ["METI_TOKEN"])
        self.program.script_token("fresh", 3600, self.meti.url)
        with mock.patch("time.time", return_value=time.time() + 101):
            self.assertEqual(auth.token(), "fresh")

    def test_if_it_has_expired_and_there_is_no_program_the_error_says_both(self):
        os.environ["METI_TOKEN"] = jwt(time.time() - 1)
        self.remove_program()
        with self.assertRaisesRegex(METITokenError, "^METI_TOKEN has expired.*cannot be run"):
            token()

    def test_an_account_by_name_is_asked_of_the_program(self):
        os.environ["METI_TOKEN"] = "opaque"
        self.assertEqual(token(EMAIL), self.meti.last_token)
        self.assertIsNone(self.program.calls[0]["token"])

    def test_if_it_is_rejected_the_program_is_asked_without_it(self):
        os.environ["METI_TOKEN"] = "opaque"
        auth = METIAuth()
        auth.reject(auth.token())
        self.assertEqual(self.program.rejected, ["opaque"])
        self.assertEqual(auth.token(), self.meti.last_token)
        self.assertEqual([call["token"] for call in self.program.calls], [None, None])

    def test_if_it_is_rejected_it_is_not_used_after_the_next_rejection_either(self):
        os.environ["METI_TOKEN"] = "opaque"
        auth = METIAuth()
        auth.reject(auth.token())
        auth.reject(auth.token())
        self.assertNotEqual(auth.token(), "opaque")

    def test_what_cannot_be_a_token_is_an_error_that_does_not_show_it(self):
        for handed_in in ["s3cret\n", "two s3crets", "s3cret\r\nX: 1", "s3crét"]:
            os.environ["METI_TOKEN"] = handed_in
            with self.subTest(handed_in), self.assertRaises(METITokenError) as caught:
                token()
            self.assertNotIn("s3cr", str(caught.exception))

    def test_it_is_not_for_plain_http_to_another_machine(self):
        os.environ.update(METI_TOKEN="opaque", METI_API_URL="http://api.meti.millpont.com")
        with self.assertRaisesRegex(METITokenError, "https"):
            token()


if __name__ == "__main__":
    unittest.main()
