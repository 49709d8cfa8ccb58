"""Who presses: operators at the staff pages, over HTTP. What gets no answer is pressed again."""

from __future__ import annotations

import re
import threading
import time
from collections import Counter
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from decimal import Decimal
from urllib.parse import urljoin, urlsplit

import requests

from lib.browser import Browser
from lib.pages import Form, Page
from lib.storm.ground import Ground
from lib.storm.lives import KINDS, Life

ADDRESS = {
    "zip_code": "01310-100",
    "street": "Av. Paulista",
    "street_number": "1000",
    "district": "Bela Vista",
    "city": "São Paulo",
    "state": "SP",
}
_PATIENCE = 90.0
_SECONDS = 30.0
_FOUND = 302


class NotNow(Exception):
    """The page does not offer this (yet); the text says what it says."""


class TwoFromOne(Exception):
    """One form, pressed twice, made two things."""


class Desk:
    """One operator at a time sits here: the people share two log-ins, each desk has its own connections."""

    def __init__(self, ground: Ground, cookies: Mapping[str, Mapping[str, str]]) -> None:
        self._ground = ground
        self._sessions = {name: requests.Session() for name in cookies}
        for name, known in cookies.items():
            self._sessions[name].cookies.update(known)
        self._forms: dict[str, Form] = {}
        self.lapses: Counter[str] = Counter()

    # -- making ---------------------------------------------------------------------------------

    def make(self, life: Life) -> str:
        """The reference of what this filled form made. Raises NotNow, TwoFromOne."""
        address = "/subscriptions/new/" if life.is_subscription else "/charges/new/"
        form = self._blank(address)
        filled = {**form.fields, **self._typed(life, form)}
        if life.clicks == 1:
            return self._made(address, filled)
        with ThreadPoolExecutor(life.clicks) as pool:
            made = set(pool.map(lambda _click: self._made(address, dict(filled)), range(life.clicks)))
        if len(made) > 1:
            raise TwoFromOne(f"form {life.submission}: {', '.join(sorted(made))}")
        return made.pop()

    def _made(self, address: str, filled: dict[str, str]) -> str:
        answer = self._insist("operator", "POST", address, filled)
        if answer.status_code == 200:  # alike to one made before: the person says that it is another
            answer = self._insist("operator", "POST", address, {**filled, "look_alike_seen": "1"})
        if answer.status_code != _FOUND:
            raise NotNow(f"{address} answered {answer.status_code}: {_problem(answer)}")
        return urlsplit(answer.headers["Location"]).path.strip("/").split("/")[-1]

    def _typed(self, life: Life, form: Form) -> dict[str, str]:
        name = KINDS[life.account].name
        account = form.option("connection", name)
        if account is None:
            raise NotNow(f"the form does not offer {name}")
        day = (self._ground.now - timedelta(hours=3) + timedelta(days=life.due_days)).date()
        typed = {
            "submission": life.submission,
            "connection": account,
            "method": life.method,
            "amount": in_reais(life.cents),
            "description": f"Pedido {life.number}",
            "name": life.person.name,
            "document": life.person.document,
            "email": life.person.email,
            "phone": "11 98765-4321",
        }
        if life.is_subscription:
            return typed | {"cycle": "monthly", "starts_on": day.isoformat()}
        return typed | ADDRESS | {"due_date": day.isoformat(), "instalments": str(life.instalments)}

    def _blank(self, address: str) -> Form:
        """The empty form, opened once: only its number differs from one to the next."""
        if address not in self._forms:
            page = Page(self._insist("operator", "GET", address).text)
            form = page.form_with("submission")
            if form is None:
                raise NotNow(f"{address} has no form")
            self._forms[address] = form
        return self._forms[address]

    # -- what customers are shown ---------------------------------------------------------------

    def checkout_of(self, reference: str) -> str:
        """The gateway's id of the page that the page to pay leads to. Raises NotNow."""
        sent = self._open(f"/charges/{reference}/").data.get("data-pay-link", "")
        shown = self._open(urlsplit(sent).path) if sent else None
        link = shown.data.get("data-checkout-link", "") if shown else ""
        if not link:
            raise NotNow(f"{reference} leads to no page of the gateway")
        return re.split("[/=]", link)[-1]

    # -- acting on what exists ------------------------------------------------------------------

    def give_back(self, life: Life, cents: int) -> int:
        """So much of the payment offered, or all of it (0); answers the cents. Raises NotNow."""
        address = f"/charges/{life.reference}/refund/"
        form = self._form(address, "amount")
        left = int(Decimal(form.fields["amount"].replace(".", "").replace(",", ".")) * 100)
        asked = min(cents, left) if cents else left
        filled = {"amount": in_reais(asked), "reason": "customer", "note": "Storm", "confirmed": "1"}
        self._change(address, form, filled)
        return asked

    def change(self, life: Life, kind: str) -> None:
        """Cancel, receive in cash, undo that. Raises NotNow."""
        address = f"/charges/{life.reference}/{kind}/"
        self._change(address, self._form(address, "submission"), {})

    def end_agreement(self, life: Life) -> None:
        address = f"/subscriptions/{life.reference}/cancel/"
        self._change(address, self._form(address, "submission"), {})

    def send_again(self, reference: str, *, of: str = "charges") -> bool:
        """Whether the page offered it."""
        page = self._open(f"/{of}/{reference}/")
        form = next((form for form in page.forms if form.action.endswith("/send-again/")), None)
        if form is None:
            return False
        self._insist("admin", "POST", form.action, form.fields)
        return True

    def decide(self, reference: str) -> bool:
        """Accept what is to be reviewed about a charge; False where the page offers nothing."""
        address = f"/charges/{reference}/review/"
        form = self._open(address).form_with("mark")
        if form is None:
            return False
        self._insist("admin", "POST", address, {**form.fields, "note": "Storm: as the gateway says"})
        return True

    def decide_refund(self, reference: str, public_id: str, *, was_made: bool) -> None:
        address = f"/charges/{reference}/refunds/{public_id}/"
        form = self._form(address, "was_made")
        self._insist("admin", "POST", address, {**form.fields, "was_made": "yes" if was_made else "no"})

    def _change(self, address: str, form: Form, values: Mapping[str, str]) -> None:
        answer = self._insist("admin", "POST", address, {**form.fields, **values})
        is_elsewhere = answer.headers.get("Location", address).rstrip("/") != address.rstrip("/")
        if answer.status_code != _FOUND or not is_elsewhere:
            raise NotNow(f"{address} answered {answer.status_code}: {_problem(answer)}")

    def _form(self, address: str, field: str) -> Form:
        form = self._open(address).form_with(field)
        if form is None:
            raise NotNow(f"{address} offers no {field}")
        return form

    def _open(self, address: str) -> Page:
        answer = self._insist("admin", "GET", address)
        while answer.status_code == _FOUND:
            answer = self._insist("admin", "GET", urlsplit(answer.headers["Location"]).path)
        if answer.status_code >= 400:
            raise NotNow(f"{address} answered {answer.status_code}")
        return Page(answer.text)

    def _insist(
        self, who: str, method: str, address: str, filled: Mapping[str, str] | None = None
    ) -> requests.Response:
        """Until somebody answers; a page that fails is counted and asked again."""
        deadline = time.monotonic() + _PATIENCE
        url = urljoin(self._ground.stack.url, address)
        while True:
            try:
                answer = self._sessions[who].request(
                    method, url, data=filled, timeout=_SECONDS, allow_redirects=False
                )
                if answer.status_code < 500:
                    return answer
                lapse = f"answered {answer.status_code}"
            except requests.RequestException:
                lapse = "no answer"
            self.lapses[lapse] += 1
            if time.monotonic() > deadline:
                raise NotNow(f"{method} {address}: {lapse} for {_PATIENCE:.0f} s")
            time.sleep(0.2)


class Desks:
    """As many as there are threads; who needs one takes his own."""

    def __init__(self, ground: Ground) -> None:
        self._ground = ground
        self._own = threading.local()
        self._all: list[Desk] = []
        self._cookies: dict[str, dict[str, str]] = {}
        for name in ("admin", "operator"):
            browser = Browser(ground.stack.url)
            browser.log_in(name, ground.plan.keys.passwords[name])
            self._cookies[name] = browser.session.cookies.get_dict()

    @property
    def mine(self) -> Desk:
        if not hasattr(self._own, "desk"):
            self._own.desk = Desk(self._ground, self._cookies)
            self._all.append(self._own.desk)
        return self._own.desk  # type: ignore[no-any-return]

    @property
    def lapses(self) -> Counter[str]:
        """How often a page did not answer, or failed, and was asked again."""
        return sum((desk.lapses for desk in self._all), Counter())


def in_reais(cents: int) -> str:
    return f"{cents // 100},{cents % 100:02d}"


def _problem(answer: requests.Response) -> str:
    if answer.status_code == _FOUND:
        return f"back to {answer.headers.get('Location')}"
    page = Page(answer.text)
    return "; ".join(page.errors)[:300] or page.text[:200]
