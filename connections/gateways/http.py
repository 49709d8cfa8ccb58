"""The one HTTP door to the gateways: deadlines, budget, redaction, errors by what the caller does next."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Mapping
from http.cookiejar import DefaultCookiePolicy
from typing import Any
from urllib.parse import urlencode

import requests
from requests.adapters import HTTPAdapter
from urllib3.exceptions import ConnectTimeoutError, NewConnectionError, ProtocolError

from connections.gateways import deadline
from connections.gateways.answers import Answer, Call, Received, retry_after, to_answer, unreadable
from connections.gateways.base import Access, Exchange, Secrets
from connections.gateways.errors import CredentialsRefused, GatewayUnavailable, RateLimited
from connections.gateways.redaction import redact_body, redact_item, redact_text
from connections.gateways.texts import gettext_noop as _

VERSION = "0.1.0"
USER_AGENT = f"cobranca/{VERSION}"
_HEADERS = {"User-Agent": USER_AGENT, "Accept": "application/json", "Accept-Encoding": "identity"}
LARGEST_BODY = 2 * 1024 * 1024
CONNECT_SECONDS = 5.0
# Reused after a longer rest, a connection may have been forgotten on the way without a word.
IDLE_SECONDS = 45.0
DEFAULT_PAUSE_SECONDS = 30.0

logger = logging.getLogger(__name__)
# At DEBUG urllib3 writes whole addresses, and the search for a customer carries a CPF.
logging.getLogger("urllib3.connectionpool").setLevel(logging.INFO)


class GatewaySession:
    """Calls of one connection. ``auth`` holds the credential headers and never leaves this class."""

    def __init__(self, access: Access, *, base_url: str, auth: Mapping[str, str]) -> None:
        self._access = access
        self._base_url = base_url.rstrip("/")
        self._auth = Secrets(auth)

    def call(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: str = "",
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """One request within the total deadline; 4xx except 429 are answers, everything worse is raised."""
        self._check_auth()
        call = self._prepare(method, path, query or {}, body, headers or {})
        budget = self._access.budget
        if budget:
            budget.acquire()
        started = time.monotonic()
        try:
            deadline.start(self._seconds())
            outcome = self._exchange(call)
        finally:
            if budget:
                budget.release()
        received = outcome if isinstance(outcome, Received) else None
        if received:
            self._tell_date(received)
        result = self._judge(call, outcome)
        self._report(call, received, result, round((time.monotonic() - started) * 1000))
        if isinstance(result, Answer):
            return result
        # Raised here and not where it happened: an exception of requests holds the whole request, key
        # included, and would live on as the context of ours, within reach of every error reporter.
        raise result

    def _seconds(self) -> float:
        """The total time of this call: its own limit, or less when the caller has less left."""
        left = self._access.seconds_left
        return min(self._access.deadline_seconds, left()) if left else self._access.deadline_seconds

    def _check_auth(self) -> None:
        """A key with a line break or an accent would be quoted whole in the exception of ``http.client``."""
        if not all(value.isascii() and value.isprintable() for value in self._auth.values()):
            raise CredentialsRefused(_("The key contains characters no key has."), code="malformed_key")

    def _prepare(
        self, method: str, path: str, query: Mapping[str, str], body: str, headers: Mapping[str, str]
    ) -> Call:
        tail = f"?{urlencode(query)}" if query else ""
        hidden = urlencode({key: str(redact_item(key, value)) for key, value in query.items()}, safe="*:/")
        sent = {
            "User-Agent": USER_AGENT,
            "Accept": "application/json",
            "Accept-Encoding": "identity",
            **headers,
        }
        if body:
            sent["Content-Type"] = "application/json"
        return Call(method, self._base_url + path + tail, path + (f"?{hidden}" if query else ""), body, sent)

    def _exchange(self, call: Call) -> Received | GatewayUnavailable:
        """Send it; a GET that met a closed keep-alive connection is sent once more, a write never is."""
        for is_last in (call.is_write, True):
            try:
                return self._send(call)
            except requests.RequestException as error:
                failure, may_repeat = _failure(error, call), _is_reset(error)
            except TimeoutError:
                return _timeout(maybe_sent=call.is_write)
            except _TooLong as error:
                return unreadable(call, error.status)
            if is_last or not may_repeat:
                break
        return failure

    def _send(self, call: Call) -> Received:
        timeouts = (deadline.time_left(CONNECT_SECONDS), deadline.time_left(deadline.READ_SECONDS))
        with _session(self._base_url).request(
            call.method,
            call.url,
            data=call.body.encode() or None,
            headers={**call.headers, **self._auth},
            timeout=timeouts,
            stream=True,
            allow_redirects=False,
        ) as response:
            return Received(response.status_code, response.headers, _read(response))

    def _judge(self, call: Call, outcome: Received | GatewayUnavailable) -> Answer | GatewayUnavailable:
        if isinstance(outcome, GatewayUnavailable):
            return outcome
        if outcome.status == 429:
            return self._rate_limited(outcome)
        if outcome.status >= 500 or outcome.status in {408, 425}:
            return GatewayUnavailable(
                _("The gateway has a problem of its own at the moment."),
                maybe_sent=call.is_write,
                http_status=outcome.status,
                request_id=outcome.request_id,
            )
        return to_answer(call, outcome)

    def _rate_limited(self, received: Received) -> RateLimited:
        wait = retry_after(received.headers, self._access.now())
        if self._access.budget:
            self._access.budget.pause(DEFAULT_PAUSE_SECONDS if wait is None else wait)
        return RateLimited(
            _("The gateway asks us to wait before the next call."),
            retry_after=wait,
            http_status=429,
            request_id=received.request_id,
        )

    def _tell_date(self, received: Received) -> None:
        if not self._access.on_date:
            return
        try:
            self._access.on_date(received.headers.get("Date", ""))
        except Exception as error:
            # As with the record of a call: comparing clocks must not undo it.
            logger.error("the clocks could not be compared: %s", type(error).__name__)

    def _report(
        self, call: Call, received: Received | None, result: Answer | GatewayUnavailable, milliseconds: int
    ) -> None:
        status = received.status if received else None
        logger.debug("%s %s: %s in %d ms", call.method, call.shown, status or "no answer", milliseconds)
        if not self._access.on_exchange:
            return
        secrets = (*self._access.credentials.values(), *self._auth.values())
        exchange = Exchange(
            method=call.method,
            path=redact_text(call.shown, secrets),
            request_body=redact_body(call.body, secrets),
            http_status=status,
            response_body=redact_body(received.body, secrets) if received else "",
            request_id=received.request_id if received else "",
            milliseconds=milliseconds,
            error="" if isinstance(result, Answer) else str(result),
        )
        try:
            self._access.on_exchange(exchange)
        except Exception as error:
            # Whatever it is: failing to record a call must not undo the call.
            logger.error("an exchange could not be recorded: %s", type(error).__name__)


def probe(url: str, *, headers: Mapping[str, str], seconds: float) -> Received | None:
    """Our own address as the world sees it, without any key; None when nobody answers there."""
    call = Call("GET", url, url, "", {"User-Agent": USER_AGENT, "Accept-Encoding": "identity", **headers})
    session = _new_session()
    try:
        deadline.start(seconds)
        timeouts = (deadline.time_left(CONNECT_SECONDS), deadline.time_left(deadline.READ_SECONDS))
        with session.get(
            call.url, headers=call.headers, timeout=timeouts, stream=True, allow_redirects=False
        ) as response:
            return Received(response.status_code, response.headers, _read(response))
    except (requests.RequestException, TimeoutError, _TooLong):
        return None
    finally:
        session.close()


class _TooLong(Exception):
    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


class _Adapter(HTTPAdapter):
    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = deadline.POOLS


class _Sessions(threading.local):
    """Keep-alive connections of one thread: base URL to session and the time of its last use."""

    def __init__(self) -> None:
        self.by_base: dict[str, tuple[requests.Session, float]] = {}


_sessions = _Sessions()


def _session(base_url: str) -> requests.Session:
    now = time.monotonic()
    session, last_used = _sessions.by_base.get(base_url) or (_new_session(), now)
    if now - last_used > IDLE_SECONDS:
        session.close()  # closes the pool; the session opens a new one
    _sessions.by_base[base_url] = (session, now)
    return session


def _new_session() -> requests.Session:
    session = requests.Session()
    # No proxy and no .netrc from the environment: either could see or replace the credential.
    session.trust_env = False
    # Several accounts share this session; a cookie of one must not travel with the key of another.
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    adapter = _Adapter(pool_connections=1, pool_maxsize=1, max_retries=0)
    session.mount("https://", adapter)
    session.mount("http://", adapter)
    return session


def _read(response: requests.Response) -> bytes:
    body = bytearray()
    for chunk in response.iter_content(16384):
        deadline.time_left(deadline.READ_SECONDS)
        body += chunk
        if len(body) > LARGEST_BODY:
            raise _TooLong(response.status_code)
    return bytes(body)


def _timeout(*, maybe_sent: bool) -> GatewayUnavailable:
    return GatewayUnavailable(_("The gateway did not answer in time."), maybe_sent=maybe_sent)


def _failure(error: requests.RequestException, call: Call) -> GatewayUnavailable:
    """Only the kind of failure is kept: the words of ``requests`` quote addresses and header values."""
    sent = call.is_write and not _is_surely_unsent(error)
    if isinstance(error, requests.Timeout):
        return _timeout(maybe_sent=sent)
    if isinstance(error, requests.exceptions.ContentDecodingError):
        return unreadable(call, 200)
    return GatewayUnavailable(_("The connection to the gateway failed."), maybe_sent=sent)


def _reason(error: requests.RequestException) -> object:
    cause = error.args[0] if error.args else None
    return getattr(cause, "reason", cause)


def _is_surely_unsent(error: requests.RequestException) -> bool:
    """Refused, unknown host or bad certificate: in doubt the request counts as sent."""
    if isinstance(error, (requests.ConnectTimeout, requests.exceptions.InvalidURL)):
        return True
    reason = _reason(error)
    if isinstance(reason, (NewConnectionError, ConnectTimeoutError)):
        return True
    return "CERTIFICATE_VERIFY" in str(reason)


def _is_reset(error: requests.RequestException) -> bool:
    return isinstance(error, requests.ConnectionError) and isinstance(_reason(error), ProtocolError)
