"""Tokens for the METI API, from the program meti-token.

    requests.get(url, auth=METIAuth())       for requests
    httpx.Client(auth=METIHTTPXAuth())       for httpx, also for httpx.AsyncClient
    token()                                  for everything else

The program is found in PATH. It never prompts: log in first, with `meti-token login`.
A token in the variable METI_TOKEN is used without the program, until it expires.
"""

from __future__ import annotations

import base64
import functools
import json
import logging
import os
import re
import subprocess
import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, AsyncGenerator, Generator, Optional
from urllib.parse import urlsplit

if TYPE_CHECKING:
    import httpx

__all__ = ["METIAuth", "METITokenError", "token"]

_log = logging.getLogger(__name__)


class METITokenError(Exception):
    """There is no token, or the token must not be sent.

    The text is what meti-token wrote to stderr: its error and its hint. `status` is its exit
    status, or None if the program did not run or its output was unexpected.
    """

    def __init__(self, text: str, status: Optional[int] = None) -> None:
        super().__init__(text)
        self.status = status


def token(account: Optional[str] = None) -> str:
    """Returns a valid token of this account, or of the default account.

    Every call runs the program. To ask for many tokens, keep an object: `METIAuth().token()`.
    """
    return METIAuth(account).token()


@dataclass(frozen=True)
class _Token:
    text: str = field(repr=False)
    account: Optional[str]
    origin: str  # of the API
    refresh_at: float  # in seconds since 1970


class _Tokens:
    """Keeps the token of an account. Threads and asynchronous tasks can share it."""

    def __init__(self, account: Optional[str] = None, password: object = None) -> None:
        """`password` is ignored. Airflow passes the login and the password of a connection."""
        self._account = account
        self._lock = threading.Lock()
        self._kept: Optional[_Token] = None
        self._origin: Optional[str] = None
        self._rejected: Optional[str] = None  # the token in METI_TOKEN, after a 401
        self._refused_new: Optional[str] = None  # a header with a new token that got a 401 too

    def __reduce__(self) -> Any:
        return type(self), (self._account,)  # A copy in another process has no token yet.

    def token(self) -> str:
        """Returns a valid token. The object keeps it until one minute before it expires."""
        return self._current().text

    def reject(self, token: str) -> None:
        """Discards this token, because METI answered 401. A newer token stays."""
        with self._lock:
            kept = self._kept
            if kept is None or kept.text != token:
                return
            self._kept = None
            if kept.account is None:
                self._rejected, account = token, []
            else:
                account = [f"--account={kept.account}"]
            try:
                _run("reject", "--token-stdin", *account, input=token, env=self._environment())
            except METITokenError as error:
                _log.warning("the token could not be discarded: %s", error)

    def _current(self) -> _Token:
        with self._lock:
            if self._kept is None or self._kept.refresh_at <= time.time():
                self._kept = self._from_environment() or self._from_program()
                self._origin = self._kept.origin
            return self._kept

    def _from_environment(self) -> Optional[_Token]:
        handed_in = os.environ.get("METI_TOKEN")
        if not handed_in or self._account is not None or handed_in == self._rejected:
            return None
        if not re.fullmatch(r"[A-Za-z0-9._~+/-]+=*", handed_in):
            raise METITokenError("METI_TOKEN is not a token: it has characters no token can have")
        if _expiry(handed_in) <= time.time():
            return None
        api = _origin(os.environ.get("METI_API_URL") or "https://api.meti.millpont.com")
        if not re.match(r"https://|http://(127\.0\.0\.1|::1|localhost):", api):
            raise METITokenError("METI_API_URL must begin with https://")
        return _Token(handed_in, None, api, refresh_at=0)  # The next call looks again.

    def _from_program(self) -> _Token:
        account = [] if self._account is None else [f"--account={self._account}"]
        output = _run(
            "--json", "--no-prompt", *account, env=self._environment(), stdin=subprocess.DEVNULL)
        try:
            answer = json.loads(output)
            expires_on, life = float(answer["expires_on"]), float(answer["expires_in"])
            origin = _origin(answer["api_url"])
            text, name = str(answer["token"]), str(answer["account"])
        except (ValueError, KeyError, TypeError):
            # Without the cause: its text could contain the token.
            raise METITokenError("meti-token: unexpected output of meti-token --json") from None
        return _Token(text, name, origin, refresh_at=expires_on - min(60, life / 2))

    def _environment(self) -> dict[str, str]:
        env = {**os.environ, "METI_TOKEN_INTERACTIVE": "0"}
        if self._account is not None or env.get("METI_TOKEN") == self._rejected:
            env.pop("METI_TOKEN", None)
        return env

    def _header(self, origin: str) -> str:
        """The Authorization header for a request to this origin."""
        current = self._current()
        if origin != current.origin:
            raise METITokenError(
                f"the token is for {current.origin} and is not sent to {origin}; "
                "if that is the METI API, set METI_API_URL to it")
        return f"Bearer {current.text}"

    def _replacement(self, sent: Optional[str], origin: str, repeats: bool) -> Optional[str]:
        """The header to repeat a request with that got a 401, or None if the 401 stands.

        After a redirect to another host the request had no header, and the 401 is not METI's.
        """
        if sent is None or origin != self._origin or sent == self._refused_new:
            return None
        self.reject(sent.partition(" ")[2])
        fresh = self._header(origin) if repeats else sent
        return fresh if fresh != sent else None


class METIAuth(_Tokens):
    """`auth` for requests: sends METI's token, to METI only.

    If METI answers 401, the token is discarded, and the request is sent once more with a new one,
    unless its body cannot be sent again.
    """

    def __call__(self, request: Any) -> Any:
        request.headers["Authorization"] = self._header(_origin(request.url))
        try:
            start = request.body.tell()
        except (AttributeError, OSError):
            start = None
        request.register_hook("response", functools.partial(self._repeat, start))
        return request

    def _repeat(self, start: Optional[int], response: Any, **options: Any) -> Any:
        if response.status_code != 401:
            return response
        request = response.request
        sent, origin = request.headers.get("Authorization"), _origin(request.url)
        fresh = self._replacement(sent, origin, repeats=_rewind(request.body, start))
        if fresh is None:
            return response
        response.content  # The connection can be used again only if all of it was read.
        response.close()
        # requests follows a redirect with the original request, so that one gets the new header.
        response.request = request.copy()
        request.headers["Authorization"] = fresh
        again = response.connection.send(request, **options)
        again.history.append(response)
        if again.status_code == 401:
            self._refused_new = fresh
        return again


class _HTTPXTokens(_Tokens):
    """`auth` for httpx: sends METI's token, to METI only.

    If METI answers 401, the token is discarded, and the request is sent once more with a new one,
    unless its body is a file or a stream.
    """

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        from httpx import ByteStream

        request.headers["Authorization"] = self._header(_origin(request.url))
        response = yield request
        if response.status_code != 401:
            return
        request = response.request  # The last one, if there were redirects.
        sent, origin = request.headers.get("Authorization"), _origin(request.url)
        fresh = self._replacement(sent, origin, repeats=isinstance(request.stream, ByteStream))
        if fresh is not None:
            request.headers["Authorization"] = fresh
            response = yield request
            if response.status_code == 401:
                self._refused_new = fresh

    async def async_auth_flow(
        self, request: httpx.Request
    ) -> AsyncGenerator[httpx.Request, httpx.Response]:
        from anyio import to_thread

        # Each step may wait for the program, so the steps run in a thread.
        flow = self.auth_flow(request)
        step: Optional[httpx.Request] = await to_thread.run_sync(_resume, flow, None)
        while step is not None:
            response = yield step
            step = await to_thread.run_sync(_resume, flow, response)


if TYPE_CHECKING:

    class METIHTTPXAuth(_HTTPXTokens, httpx.Auth):
        pass


def __getattr__(name: str) -> Any:
    """Makes METIHTTPXAuth when it is first used: only its users need httpx."""
    if name != "METIHTTPXAuth":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    import httpx

    attributes = {"__doc__": _HTTPXTokens.__doc__, "__module__": __name__}
    return globals().setdefault(name, type(name, (_HTTPXTokens, httpx.Auth), attributes))


def _run(*arguments: str, env: dict[str, str], **stdin: Any) -> str:
    """Runs meti-token and returns its stdout."""
    try:
        done: Any = subprocess.run(
            ["meti-token", *arguments], env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            encoding="utf-8", errors="replace", **stdin)
    except OSError as error:
        cause = "METI_TOKEN has expired or was rejected; " if os.environ.get("METI_TOKEN") else ""
        raise METITokenError(
            f"{cause}meti-token cannot be run: {error.strerror}\n"
            "hint: install meti-token, or add its directory to PATH") from None
    said = done.stderr.strip()
    if done.returncode != 0:
        raise METITokenError(said or f"meti-token: exit status {done.returncode}", done.returncode)
    if said:
        _log.warning("%s", said)
    return str(done.stdout)


def _expiry(token: str) -> float:
    """When a JWT expires, in seconds since 1970. Another kind of token does not say."""
    try:
        claims = token.split(".")[1]
        return float(json.loads(base64.urlsafe_b64decode(claims + "=" * (-len(claims) % 4)))["exp"])
    except (IndexError, ValueError, KeyError, TypeError):
        return float("inf")


def _origin(url: Any) -> str:
    """Scheme, host and port of a URL: a text, or httpx's own type, which is parsed differently."""
    try:
        parts: Any = urlsplit(url) if isinstance(url, str) else url
        host = parts.hostname if isinstance(url, str) else parts.host
        port = parts.port or {"https": 443, "http": 80}.get(parts.scheme)
    except ValueError:
        raise METITokenError("METI_API_URL is not a URL") from None
    return f"{parts.scheme}://{host}:{port}"


def _rewind(body: Any, start: Optional[int]) -> bool:
    """Whether a body can be sent again. A file is set back to where it started."""
    if start is not None and hasattr(body, "seek"):
        body.seek(start)
        return True
    return body is None or isinstance(body, (str, bytes, bytearray))


def _resume(flow: Generator[Any, Any, None], response: Any) -> Any:
    try:
        return flow.send(response)
    except StopIteration:
        return None
