"""In which language a person reads the pages: their own choice, else the browser's, else Portuguese."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.db import DatabaseError, connection
from django.test import Client, RequestFactory
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from backoffice.models import Preference
from backoffice.preferences import chosen_language, keep_language
from tests.backoffice.people import PASSWORD, House, make_person
from tests.backoffice.test_limits import change, person_form

SAYS = {"pt-br": "Visão geral", "en": "Overview", "es": "Resumen"}


def reads(browser: Client, accepts: str = "") -> str:
    """The language of the first page, from what it says."""
    answer = browser.get("/", headers={"accept-language": accepts} if accepts else {})
    page, language = answer.content.decode(), str(answer["Content-Language"])
    assert f'<html lang="{language}">' in page and SAYS[language] in page
    return language


def switch(browser: Client, language: str) -> None:
    assert browser.post("/i18n/setlang/", {"language": language, "next": "/"}).status_code == 302


def signed_in(person: User) -> Client:
    browser = Client()
    browser.force_login(person)
    return browser


@pytest.fixture
def person(db: None) -> User:
    return make_person("maria", "Operator")


@pytest.mark.parametrize(
    ("accepts", "expected"), [("", "pt-br"), ("en-GB", "en"), ("es-AR", "es"), ("fr", "pt-br")]
)
def test_without_a_choice_the_browser_is_asked(person: User, accepts: str, expected: str) -> None:
    assert reads(signed_in(person), accepts) == expected


def test_choice_counts_at_once_and_in_another_browser(person: User) -> None:
    browser = signed_in(person)
    switch(browser, "es")
    assert reads(browser, "en") == "es" and reads(signed_in(person), "en") == "es"
    switch(browser, "pt-br")
    assert reads(browser, "en") == "pt-br" and reads(signed_in(person), "en") == "pt-br"


def test_choice_counts_after_signing_in_by_the_form(person: User) -> None:
    keep_language(person, "es")
    browser = Client()
    assert 'lang="pt-br"' in browser.get("/login/").content.decode()
    browser.post("/login/", {"username": "maria", "password": PASSWORD})
    assert reads(browser, "en") == "es"


def test_next_person_at_the_same_browser_reads_their_own(person: User) -> None:
    browser, other = signed_in(person), make_person("joana", "Operator")
    switch(browser, "es")
    browser.post("/logout/")
    keep_language(other, "en")
    browser.force_login(other)
    assert reads(browser) == "en" and Preference.objects.get(user=person).language == "es"


def test_stranger_switches_by_cookie_and_keeps_it_when_signing_in(person: User) -> None:
    browser = Client()
    switch(browser, "en")
    assert 'lang="en"' in browser.get("/login/").content.decode() and not Preference.objects.exists()
    browser.force_login(person)
    assert reads(browser, "es") == "en"


@pytest.mark.parametrize("language", ["fr", "", "pt-br\0", "x" * 900])
def test_language_we_do_not_have_changes_nothing(person: User, language: str) -> None:
    browser = signed_in(person)
    assert browser.post("/i18n/setlang/", {"language": language, "next": "/"}).status_code in (302, 400)
    assert not Preference.objects.exists() and reads(browser, "es") == "es"


def test_language_no_longer_offered_is_forgotten(person: User) -> None:
    keep_language(person, "tlh")
    assert reads(signed_in(person), "en") == "en"


def test_pages_do_not_ask_the_database_for_it(person: User) -> None:
    keep_language(person, "es")
    browser = signed_in(person)
    with CaptureQueriesContext(
        connection,
    ) as asked:
        assert reads(browser) == "es"
    assert not [query for query in asked if "preference" in query["sql"]]


def test_without_a_database_the_page_itself_says_so(rf: RequestFactory) -> None:
    class Gone:
        def get(self, *_asked: object) -> str:
            raise DatabaseError

    request = rf.get("/")
    request.COOKIES["sessionid"] = "x"
    request.session = Gone()  # type: ignore[assignment]
    assert chosen_language(lambda _request: "the page")(request) == "the page"  # type: ignore[arg-type, return-value]


def test_administrator_sets_it_and_others_look(house: House) -> None:
    person = User.objects.get(username="operator")
    administrator = house.browser("administrator")
    page = administrator.get(change(person)).content.decode()
    assert 'name="language"' in page and 'id="language-form"' in page
    sent = administrator.post(change(person), person_form(person, language="es"))
    assert sent.status_code == 302 and reads(signed_in(person)) == "es"
    assert '<option value="es" selected>' in administrator.get(change(person)).content.decode()
    seen = house.browser("auditor").get(change(person)).content.decode()
    assert 'name="language"' not in seen.replace('name="language" value=', "") and "Español" in seen


def test_new_person_is_made_without_one(house: House) -> None:
    form = {"username": "nova", "password1": PASSWORD, "password2": PASSWORD, "usable_password": "true"}
    answer = house.browser("administrator").post(reverse("admin:auth_user_add"), form)
    assert answer.status_code in (200, 302) and not Preference.objects.exists()
