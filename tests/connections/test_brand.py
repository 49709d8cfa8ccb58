"""The look of the pay page, edited in the admin, seen on the page."""

from __future__ import annotations

import re
from html import unescape
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from connections import colours
from connections.branding import MOST_LOGO_BYTES
from connections.models import Brand, Connection, ConnectionAccess
from payments.models import Charge
from tests.connections.pictures import logo, part, png
from tests.factories import make_charge, make_connection

pytestmark = pytest.mark.django_db
ADD = reverse("admin:connections_brand_add")
SVG = b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>"


@pytest.fixture
def connection(db: None) -> Connection:
    return make_connection(account_name="Aurora Ltda")


@pytest.fixture
def charge(connection: Connection) -> Charge:
    return make_charge(connection, pix_text="00020126")


def typed(connection: Connection, **values: Any) -> dict[str, Any]:
    return {"connection": connection.pk, "name": "", "colour": "", **values}


def upload(body: bytes, name: str = "logo.png") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, body, content_type="image/png")


def saved(person: Client, connection: Connection, **values: Any) -> Brand:
    answer = person.post(ADD, typed(connection, **values))
    assert answer.status_code == 302, re.findall(r"errorlist[^>]*>.*?</ul>", answer.content.decode())
    return Brand.objects.get(connection=connection)


def refused(person: Client, connection: Connection, **values: Any) -> str:
    answer = person.post(ADD, typed(connection, **values), headers={"accept-language": "en"})
    assert answer.status_code == 200 and not Brand.objects.exists()
    return unescape(answer.content.decode())


def page(charge: Charge) -> str:
    answer = Client().get(f"/pay/{charge.pay_token}/")
    assert answer.status_code == 200 and not answer.cookies
    return unescape(answer.content.decode())


def test_name_logo_and_colour_reach_the_page(person: Client, connection: Connection, charge: Charge) -> None:
    body = logo()
    private = part(b"tEXt", b"Author\0Julia")
    sent = body[:33] + private + body[33:]
    brand = saved(person, connection, name="Padaria Aurora", colour="FFD400", logo_file=upload(sent))
    assert (brand.colour, bytes(brand.logo), brand.logo_kind) == ("#ffd400", body, "image/png")
    shown = page(charge)
    assert "<strong>Padaria Aurora</strong>" in shown and "Aurora Ltda" not in shown
    assert f'src="{brand.logo_address}" width="96" height="96"' in shown
    address = re.search(rf'href="(/brand/{brand.public_id}/[0-9a-f]{{16}}\.css)"', shown)
    assert address, "the page's own style, in the brand's colour"
    sheet = Client().get(address[1])
    assert sheet["Content-Type"].startswith("text/css") and "immutable" in sheet["Cache-Control"]
    assert not sheet.cookies and sheet.content.decode().count("--fill: #ffd400;") == 2
    assert f"--brand: {colours.light('#ffd400').text};" in sheet.content.decode()


def test_another_colour_has_another_address(person: Client, connection: Connection, charge: Charge) -> None:
    brand = saved(person, connection, colour="#0a6b4d")
    (before,) = re.findall(r"/brand/[^\"]+", page(charge))
    Brand.objects.update(colour="#123456")
    (after,) = re.findall(r"/brand/[^\"]+", page(charge))
    assert before != after
    old = Client().get(before)
    assert "#123456" in old.content.decode() and old["Cache-Control"] == "no-cache"
    assert Client().get(reverse("pay_sheet", args=[brand.connection.public_id, "x"])).status_code == 404


def test_without_a_colour_it_wears_ours(person: Client, connection: Connection, charge: Charge) -> None:
    saved(person, connection, name="Padaria Aurora")
    shown = page(charge)
    assert "/brand/" not in shown and "backoffice/pay" in shown and "Padaria Aurora" in shown
    assert '<span class="pay-letter" aria-hidden="true">P</span>' in shown


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (SVG, "This is no whole PNG, JPEG or WebP picture."),
        (png()[:60], "This is no whole PNG, JPEG or WebP picture."),
        (png(8, 8), "The logo measures 8 × 8 pixels: each side may have 16 to 1200."),
        (png(96, 96, is_noise=True), "The logo has 28 kB and may have 10"),
        (png() + bytes(3 * 1024 * 1024), "The logo has 3073 kB and may have 10"),
    ],
    ids=["svg", "cut", "tiny", "noise", "huge"],
)
def test_says_what_is_wrong_with_a_logo(
    person: Client, connection: Connection, body: bytes, words: str
) -> None:
    shown = refused(person, connection, name="Padaria", colour="#0a6b4d", logo_file=upload(body))
    assert words in shown
    assert 'value="Padaria"' in shown and 'value="#0a6b4d"' in shown, "nothing typed is lost"


@pytest.mark.parametrize("colour", ["green", "#12345", "#0a6b4d; } body { display: none", "x" * 60])
def test_a_colour_that_is_none_is_refused_in_words(
    person: Client, connection: Connection, colour: str
) -> None:
    assert 'class="errorlist' in refused(person, connection, colour=colour)


def test_a_logo_stays_until_it_is_removed(person: Client, connection: Connection) -> None:
    brand = saved(person, connection, logo_file=upload(png()))
    change = reverse("admin:connections_brand_change", args=[brand.pk])
    shown = unescape(person.get(change).content.decode())
    assert f'src="{brand.logo_address}"' in shown and f'data-most-bytes="{MOST_LOGO_BYTES}"' in shown
    assert person.post(change, typed(connection, name="Nova")).status_code == 302
    brand.refresh_from_db()
    assert brand.logo and brand.name == "Nova"
    assert person.post(change, typed(connection, without_logo="on")).status_code == 302
    brand.refresh_from_db()
    assert (bytes(brand.logo), brand.logo_kind, brand.logo_width) == (b"", "", 0)


def test_sides_are_numbers_and_no_words(connection: Connection, charge: Charge) -> None:
    sides = {"logo_width": 1200, "logo_height": 1024}
    Brand.objects.create(connection=connection, logo=png(), logo_kind="image/png", **sides)
    assert 'width="1200" height="1024"' in page(charge)


def test_shows_what_becomes_of_a_colour(person: Client, connection: Connection) -> None:
    brand = Brand.objects.create(connection=connection, colour="#ffd400")
    shown = person.get(reverse("admin:connections_brand_change", args=[brand.pk])).content.decode()
    assert shown.count('class="brand-preview"') == 2 and colours.light("#ffd400").text in shown


def test_who_is_limited_gives_only_theirs_a_look(connection: Connection, root: Any) -> None:
    from django.contrib.auth.models import Group, User

    from backoffice.groups import ADMINISTRATOR, keep_groups

    keep_groups()
    other = make_connection(name="Other account")
    limited = User.objects.create_user("lia", is_staff=True)
    limited.groups.add(Group.objects.get(name=ADMINISTRATOR))
    ConnectionAccess.objects.create(user=limited, connection=connection)
    client = Client()
    client.force_login(limited)
    assert "Other account" not in client.get(ADD).content.decode()
    assert client.post(ADD, typed(other, name="Mine")).status_code == 200 and not Brand.objects.exists()
    assert client.post(ADD, typed(connection, name="Mine")).status_code == 302


def test_the_connections_page_leads_there(person: Client, connection: Connection) -> None:
    address = reverse("admin:connections_connection_change", args=[connection.pk])
    assert f"{ADD}?connection={connection.pk}" in person.get(address).content.decode()
    brand = Brand.objects.create(connection=connection)
    there = reverse("admin:connections_brand_change", args=[brand.pk])
    assert f'href="{there}"' in person.get(address).content.decode()


def test_a_hostile_name_stays_a_name(connection: Connection, charge: Charge) -> None:
    hostile = '"><script>alert(1)</script>'
    Brand.objects.create(connection=connection, name=hostile)
    assert hostile not in Client().get(f"/pay/{charge.pay_token}/").content.decode()


def test_asking_for_the_state_reads_no_picture(connection: Connection, charge: Charge) -> None:
    from django.db import connection as database
    from django.test.utils import CaptureQueriesContext

    Brand.objects.create(connection=connection, logo=png(), logo_kind="image/png")
    with CaptureQueriesContext(database) as queries:
        Client().get(f"/pay/{charge.pay_token}/state/")
    assert not any('"logo"' in query["sql"] for query in queries)
