"""Pictures of the pages for docs/screens: ``python -m tests.browser.screens [folder] [--all]``.

A fresh SQLite file, a server on a free port, a Chromium from the variable CHROMIUM or this machine.
"""

from __future__ import annotations

import argparse
import os
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from base64 import urlsafe_b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import urlopen

from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

ROOT = Path(__file__).resolve().parent.parent.parent
FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
WIDTHS = (390, 1280)


def chromium() -> str:
    program = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
    if not program:
        raise SystemExit("No Chromium: set CHROMIUM to its program, or apt-get install chromium.")
    return program


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", nargs="?", default=str(ROOT / "docs" / "screens"))
    parser.add_argument("--all", action="store_true", help="every page, also dark")
    parser.add_argument("--only", nargs="*", help="of --all, those whose name begins so")
    parser.add_argument("--language", default="pt-BR")
    chosen = parser.parse_args()
    with served(_fill_database) as (base, addresses):
        _take_all(base, addresses, Path(chosen.folder), chosen)


@contextmanager
def served(fill: Callable[[], dict[str, str]]) -> Iterator[tuple[str, dict[str, str]]]:
    """A server over a fresh database that ``fill`` fills: its address, and what ``fill`` returned."""
    with tempfile.TemporaryDirectory(prefix="screens-") as place:
        port = _free_port()
        base = f"http://127.0.0.1:{port}"
        os.environ.update(
            SECRET_KEY=secrets.token_hex(24),
            CREDENTIALS_KEYS=urlsafe_b64encode(secrets.token_bytes(32)).decode(),
            DATABASE_URL=f"sqlite:///{place}/screens.sqlite3",
            PUBLIC_URL=base,
            DJANGO_SETTINGS_MODULE="config.settings",
            LOG_LEVEL="ERROR",
        )
        made = fill()
        command = [
            sys.executable,
            "manage.py",
            "runserver",
            "--noreload",
            "--nothreading",
            f"127.0.0.1:{port}",
        ]
        with subprocess.Popen(
            command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        ) as server:
            try:
                _wait(f"{base}/healthz")
                yield base, made
            finally:
                server.terminate()


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


FIXED = {
    "overview": "/",
    "overview-sandbox": "/?money=sandbox",
    "events": "/events/",
    "events-nothing": "/events/?q=zzz",
    "events-accounts": "/events/accounts/",
    "simulate": "/events/simulate/",
    "replay-preview": "/events/replay/",
    "charges": "/charges/",
    "charges-nothing": "/charges/?q=zzz",
    "charges-narrowed": "/charges/?tab=waiting&by=due&days=month&status=pending&least=10,00&most=x",
    "charges-totals": "/charges/totals/?by=due&days=month",
    "charges-cancel": "/charges/cancel/",
    "new-charge": "/charges/new/",
    "customers": "/customers/",
    "customers-nothing": "/customers/?q=zzz",
    "import": "/charges/import/",
    "reconciliations": "/reports/reconciliation/",
    "connection-new": "/admin/connections/connection/add/",
    "connections": "/admin/connections/connection/",
    "admin": "/admin/",
    "not-found": "/nowhere/",
    "password": "/password/",
    "people": "/admin/auth/user/",
    "doctor": "/doctor/",
    "doctor-help": "/doctor/help/request_id_altered/",
    "doctor-help-webhook": "/doctor/help/webhook_wrong_url/",
}


def _fill_database() -> dict[str, str]:
    """The addresses of the pages by name; public ones need no session."""
    import django

    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    from tests import factories
    from tests.pages import (
        sample,
        sample_batches,
        sample_customers,
        sample_disputes,
        sample_pay,
        sample_refunds,
        sample_settlements,
        sample_subscriptions,
    )

    admin, operator = sample.make_people()
    factories.make_pulses()
    charges = sample.make_charges(operator)
    pages = {f"charge-{name}": charge.get_absolute_url() for name, charge in charges.items()}
    pages |= {f"pay-{name}": f"/pay/{charge.pay_token}/" for name, charge in charges.items()}
    pages |= {f"pay-{name}": f"/pay/{own.pay_token}/" for name, own in sample_pay.make_states().items()}
    pages |= sample_refunds.make_refunds(charges, operator)
    pages |= sample_settlements.make_settlements(charges)
    pages |= sample_batches.make_batches(charges, operator) | sample_batches.make_import(charges, admin)
    pages["cancellation"] = sample_batches.make_cancellation(charges, operator).get_absolute_url()
    pages |= sample_disputes.make_disputes(charges["paid"])
    pages |= sample_customers.make_customers(charges, admin)
    pages |= sample_subscriptions.make_subscriptions(charges["paid"], charges["checkout"])
    run = sample.make_comparison(charges["paid"], charges["pending"])
    pages["reconciliation"] = f"/reports/reconciliation/{run.public_id}/"
    return {**FIXED, **_pages_about(charges), **_fill_inbox(charges, admin), **pages}


def _fill_inbox(charges: dict[str, Any], admin: Any) -> dict[str, str]:
    from tests.pages import sample_events
    from webhooks.services import dead_list

    events = sample_events.make_events(charges)
    pages = {f"event-{name}": f"/events/{event.public_id}/" for name, event in events.items()}
    for is_over in (True, False):
        replay = sample_events.make_replay(events, actor=admin, is_over=is_over)
        pages[f"replay-{'over' if is_over else 'open'}"] = f"/events/replays/{replay.public_id}/"
        sent = sample_events.make_simulation(events["done"], actor=admin, is_taken=is_over)
        pages[f"simulation-{'taken' if is_over else 'refused'}"] = f"/events/simulations/{sent.public_id}/"
    dead_list.follow()
    return pages


def _pages_about(charges: dict[str, Any]) -> dict[str, str]:
    """Those of the sample charges and of their accounts."""
    pending = charges["pending"].get_absolute_url()
    asaas, mercado = charges["paid"].connection, charges["checkout"].connection
    changes = ("cancel", "due-date", "amount", "description", "cash")
    return {
        "events-narrowed": f"/events/?view=dead&connection={asaas.public_id}",
        "connection": f"/admin/connections/connection/{asaas.pk}/change/",
        "connection-mercadopago": f"/admin/connections/connection/{mercado.pk}/change/",
        "simulate-chosen": f"/events/simulate/?connection={asaas.public_id}",
        **{f"change-{name}": f"{pending}{name}/" for name in changes},
    }


KEPT = {
    "connection": "connection-form",
    "charges": "charges",
    "new-charge": "new-charge",
    "charge-pending": "charge",
    "pay-pending": "pay-waiting",
    "pay-paid": "pay-paid",
}


def _wait(url: str) -> None:
    for _attempt in range(600):
        try:
            urlopen(url, timeout=2).close()
            return
        except (URLError, OSError):
            time.sleep(0.1)
    raise SystemExit("The server did not start.")


def _take_all(base: str, addresses: dict[str, str], folder: Path, chosen: Any) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=FLAGS)
        schemes = ("light", "dark") if chosen.all else ("light",)
        for scheme in schemes:
            for width in WIDTHS:
                _take(browser, base, addresses, folder, width=width, scheme=scheme, chosen=chosen)
        browser.close()


def _take(
    browser: Browser,
    base: str,
    addresses: dict[str, str],
    folder: Path,
    *,
    width: int,
    scheme: str,
    chosen: Any,
) -> None:
    context = browser.new_context(
        viewport={"width": width, "height": 844 if width < 600 else 800},
        locale=chosen.language,
        color_scheme=scheme,  # type: ignore[arg-type]
        base_url=base,
    )
    suffix = "-dark" if scheme == "dark" else ""
    _log_in(context, folder / f"login-{width}{suffix}.png" if chosen.all else None)
    page = context.new_page()
    page.on("console", lambda message: print(f"  {message.type}: {message.text}"))
    for name, address in addresses.items():
        if not chosen.all and name not in KEPT:
            continue
        if chosen.only and not name.startswith(tuple(chosen.only)):
            continue
        page.goto(address if not name.startswith("pay-") else f"{address}?lang={chosen.language}")
        _report_sideways(page, name, width)
        title = name if chosen.all else KEPT[name]
        page.screenshot(path=folder / f"{title}-{width}{suffix}.png", full_page=True)
    context.close()


def _log_in(context: BrowserContext, picture: Path | None) -> None:
    from tests.pages import sample

    page = context.new_page()
    page.goto("/login/")
    if picture:
        page.screenshot(path=picture, full_page=True)
    page.fill("#id_username", "admin")
    page.fill("#id_password", sample.PASSWORD)
    page.click("button[type=submit]:not([name])")
    page.wait_for_selector("h1")
    page.wait_for_url(lambda address: "/login" not in address)
    page.close()


def _report_sideways(page: Page, name: str, width: int) -> None:
    wide = page.evaluate("document.documentElement.scrollWidth")
    if wide > width:
        print(f"  {name} at {width} px is {wide} px wide")


if __name__ == "__main__":
    main()
