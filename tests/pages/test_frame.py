"""What every page keeps: the policy against foreign code, the languages, friendly error pages."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.conf import settings
from django.template.loader import render_to_string
from django.test import Client

from payments.models import Charge

ROOT = Path(settings.BASE_DIR)
STATIC = ROOT / "static" / "backoffice"


def templates() -> list[Path]:
    return sorted((ROOT / "templates").rglob("*.html"))


@pytest.mark.parametrize("path", templates(), ids=lambda path: str(path.relative_to(ROOT)))
def test_has_no_inline_code_and_nothing_foreign(path: Path) -> None:
    text = re.sub(r"{%.*?%}", "", path.read_text())  # what stands there never reaches a browser
    assert not re.search(r"\sstyle=|\son[a-z]+=|<style|javascript:", text)
    assert not re.search(r"<script(?![^>]*\ssrc=)", text)
    assert not re.search(r"""(?:src|<link[^>]*href)=["'](?:https?:)?//""", text)


@pytest.mark.parametrize("path", sorted(STATIC.glob("*.css")), ids=lambda path: path.name)
def test_stylesheet_loads_nothing(path: Path) -> None:
    assert "url(" not in path.read_text() and "@import" not in path.read_text()


def test_pay_script_is_its_parts_together() -> None:
    """One request instead of four on the customer's page, without a second version of the code."""
    parts = ("copy.js", "live.js", "countdown.js", "ways.js")
    together = b"".join((STATIC / name).read_bytes() for name in parts)
    assert (STATIC / "pay.js").read_bytes() == together, f"cat {' '.join(parts)} > pay.js"


def test_admin_and_pay_page_wear_the_tokens_of_the_pages() -> None:
    def tokens(name: str) -> set[str]:
        return set(re.findall(r"(--[a-z-]+: #[0-9a-f]{6});", (STATIC / name).read_text()))

    for name in ("admin.css", "pay.css"):
        assert tokens(name) and tokens(name) <= tokens("app.css")


@pytest.mark.parametrize("address", ["/charges/", "/charges/new/", "/admin/", "/login/"])
def test_policy_allows_no_inline_code(admin: Client, address: str) -> None:
    policy = admin.get(address, follow=True)["Content-Security-Policy"]
    assert "default-src 'none'" in policy and "unsafe" not in policy


@pytest.mark.django_db
@pytest.mark.parametrize("address", ["/charges/", "/charges/new/", "/charges/chg_x/", "/"])
def test_asks_strangers_to_sign_in(client: Client, address: str) -> None:
    answer = client.get(address)
    assert answer.status_code == 302 and answer["Location"].startswith("/login/")


@pytest.mark.django_db
def test_wrong_password_keeps_the_name_and_says_so(client: Client) -> None:
    page = client.post("/login/", {"username": "maria", "password": "no"}).content.decode()
    assert 'value="maria"' in page and 'role="alert"' in page


@pytest.mark.django_db
def test_unknown_page_is_friendly_and_sets_no_cookie(client: Client) -> None:
    answer = client.get("/pay/nobody/")
    assert answer.status_code == 404 and not answer.cookies
    assert "Esta página não existe" in answer.content.decode()


def test_page_for_failures_needs_nothing() -> None:
    assert "500" in render_to_string("500.html")


def test_person_without_rights_gets_the_sentence(charges: dict[str, Charge], client: Client) -> None:
    from django.contrib.auth.models import User

    client.force_login(User.objects.create_user("nobody"))
    answer = client.get("/charges/")
    assert answer.status_code == 403 and "administrador" in answer.content.decode()


def test_language_switch_keeps_the_page(operator: Client) -> None:
    answer = operator.post("/i18n/setlang/", {"language": "en", "next": "/charges/"}, follow=True)
    assert "<h1>Charges</h1>" in answer.content.decode()


def test_only_staff_see_the_administration(operator: Client, admin: Client) -> None:
    assert 'href="/admin/"' not in operator.get("/charges/").content.decode()
    assert 'href="/admin/"' in admin.get("/charges/").content.decode()
