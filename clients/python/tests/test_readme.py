import contextlib
import io
import os
import re
import unittest

from support import MODULE, METICase

API = "https://api.meti.millpont.com"


class README(METICase):
    def test_the_examples_print_what_METI_answers(self):
        # requests reads the first of these, and the others the second.
        os.environ.update(REQUESTS_CA_BUNDLE=self.ca, SSL_CERT_FILE=self.ca)
        text = (MODULE / "README.md").read_text(encoding="utf-8")
        examples = re.findall(r"^```python\n(.*?)^```", text, re.DOTALL | re.MULTILINE)
        ran = 0
        for example in examples:
            compile(example, "README.md", "exec")
            if "airflow" in example:
                continue
            with self.subTest(example), contextlib.redirect_stdout(io.StringIO()) as output:
                exec(example.replace(API, self.meti.url), {})
                self.assertIn("North field", output.getvalue())
            ran += 1
        self.assertEqual(ran, 3)


if __name__ == "__main__":
    unittest.main()
