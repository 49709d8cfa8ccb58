"""Guessing passwords ends after five tries, for the one who guesses."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from axes.models import AccessAttempt
from django.contrib.auth.models import User
from django.test import Client, RequestFactory

from backoffice.lockout import client_ip
from tests.backoffice.people import PASSWORD, House

pytestmark = pytest.mark.django_db
START = datetime(2026, 11, 21, 15, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def maria() -> User:
    return User.objects.create_user("maria", password=PASSWORD)


def sign_in(password: str, *, address: str = "/login/", ip: str = "203.0.113.7", **extra: str) -> Any:
    form = {"username": "maria", "password": password, **extra}
    return Client(REMOTE_ADDR=ip).post(address, form)


def guess(times: int, **values: str) -> Any:
    return [sign_in(f"guess {number}", **values) for number in range(times)][-1]


def is_in(answer: Any) -> bool:
    return answer.status_code == 302 and "sessionid" in answer.cookies


def test_the_fifth_wrong_password_locks_and_says_until_when() -> None:
    with time_machine.travel(START, tick=False):
        assert guess(4).status_code == 200
        answer = guess(1)
    assert answer.status_code == 429 and answer["Retry-After"] == "900"
    assert "12:15" in answer.content.decode() and "15 minut" in answer.content.decode()


def test_the_right_password_waits_too_and_then_works() -> None:
    with time_machine.travel(START, tick=False) as clock:
        guess(5)
        clock.shift(timedelta(minutes=14))
        answer = sign_in(PASSWORD)
        assert answer.status_code == 429 and "12:15" in answer.content.decode()
        clock.shift(timedelta(minutes=1, seconds=1))
        assert is_in(sign_in(PASSWORD))


def test_one_address_does_not_lock_another_out() -> None:
    guess(5)
    assert is_in(sign_in(PASSWORD, ip="203.0.113.8"))


def test_a_success_forgets_the_failures() -> None:
    guess(4)
    assert is_in(sign_in(PASSWORD))
    assert guess(4).status_code == 200


def test_another_browser_or_a_made_up_forward_starts_no_new_count(settings: Any) -> None:
    for number in range(5):
        client = Client(REMOTE_ADDR="203.0.113.7", HTTP_USER_AGENT=f"Browser {number}")
        forged = {"HTTP_X_FORWARDED_FOR": f"198.51.100.{number}"}
        answer = client.post("/login/", {"username": "maria", "password": "x"}, **forged)
    assert answer.status_code == 429
    answer = sign_in(PASSWORD)
    assert answer.status_code == 429 and 0 < int(answer["Retry-After"]) <= 900


def test_the_admin_has_no_login_of_its_own() -> None:
    answer = sign_in(PASSWORD, address="/admin/login/?next=/admin/auth/user/")
    assert answer["Location"] == "/login/?next=%2Fadmin%2Fauth%2Fuser%2F" and not is_in(answer)
    guess(5)
    assert sign_in(PASSWORD, address="/login/?next=/admin/").status_code == 429


def test_asking_for_the_password_inside_counts_as_well(house: House) -> None:
    browser = house.browser("administrator")
    address = f"/admin/connections/connection/{house.theirs.connection.pk}/confirm/"
    answers = [browser.post(address, {"password": "guess", "api_key": "$aact_x"}) for _time in range(5)]
    assert [answer.status_code for answer in answers] == [200] * 4 + [429]


def test_nothing_that_was_typed_is_kept(house: House) -> None:
    guess(2, credential_api_key="$aact_prod_secret")
    attempt = AccessAttempt.objects.get()
    assert (attempt.failures_since_start, attempt.get_data, attempt.post_data) == (2, "", "")


@pytest.mark.parametrize(
    ("proxies", "forwarded", "found"),
    [
        (0, "198.51.100.1", "203.0.113.7"),
        (1, "198.51.100.1", "198.51.100.1"),
        (1, "6.6.6.6, 198.51.100.1", "198.51.100.1"),
        (2, "6.6.6.6, 198.51.100.1, 10.0.0.2", "198.51.100.1"),
        (2, "198.51.100.1", "203.0.113.7"),
        (1, "", "203.0.113.7"),
        (1, "not an address", "203.0.113.7"),
        (1, "2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"),
        (1, "::ffff:198.51.100.1", "198.51.100.1"),
    ],
)
def test_believes_its_own_proxies_only(settings: Any, proxies: int, forwarded: str, found: str) -> None:
    settings.TRUSTED_PROXIES = proxies
    request = RequestFactory().get("/", REMOTE_ADDR="203.0.113.7", HTTP_X_FORWARDED_FOR=forwarded)
    assert client_ip(request) == found


def test_a_unix_socket_has_no_address() -> None:
    assert client_ip(RequestFactory().get("/", REMOTE_ADDR="")) is None
    assert guess(5, ip="").status_code == 429


@pytest.mark.parametrize("target", ["https://evil.example/", "//evil.example/", "javascript:alert(1)"])
def test_next_leads_nowhere_else(target: str) -> None:
    assert sign_in(PASSWORD, next=target)["Location"] == "/"
    client = Client()
    client.force_login(User.objects.get(username="maria"))
    assert client.post("/logout/", {"next": target})["Location"] in ("/login/", "/logout/")
    assert client.post("/i18n/setlang/", {"language": "en", "next": target})["Location"] == "/"


def test_logging_out_is_a_post(house: House) -> None:
    browser = house.browser("operator")
    assert browser.get("/logout/").status_code == 405 and browser.get("/charges/").status_code == 200
    browser.post("/logout/")
    assert browser.get("/charges/").status_code == 302


def test_everybody_changes_their_password_and_weak_ones_are_refused(house: House) -> None:
    browser = house.browser("operator")

    def change(password: str) -> Any:
        form = {"old_password": PASSWORD, "new_password1": password, "new_password2": password}
        return browser.post("/password/", form)

    assert all(change(weak).status_code == 200 for weak in ("short one", "123456789012", "operator12345"))
    assert change("green bicycles over Minas").status_code == 302
    assert browser.get("/charges/").status_code == 200
