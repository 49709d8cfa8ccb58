"""Pictures of every page: ``python -m tests.browser.screens [folder] [--only NAME ...] [--all]``.

A fresh SQLite file, a server on a free port, a Chromium from the variable CHROMIUM or this machine. Each page
is taken at both widths, light in Portuguese and dark in Spanish; ``--all`` takes every combination of these.
Without ``--only`` it also removes what else lies in the folder as WebP: pictures of pages that are gone.
Time stands still and chance is seeded (``frozen.py``): what a picture shows changes only with the product.
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
from base64 import b64decode, urlsafe_b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

from playwright.sync_api import BrowserContext, Page, sync_playwright

from tests.browser import frozen

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
PORTUGUESE, SPANISH = "pt-BR", "es"
USUAL = (("light", PORTUGUESE), ("dark", SPANISH))
LONGEST = 5_100  # px: what is longer is a list that goes on like that
QUALITY = 45  # of WebP: letters stay sharp, and a page takes a fifth of what it takes as PNG


def chromium() -> str:
    program = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
    if not program:
        raise SystemExit("No Chromium: set CHROMIUM to its program, or apt-get install chromium.")
    return program


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", nargs="?", default=str(ROOT / "docs" / "screens"))
    parser.add_argument("--all", action="store_true", help="light and dark in both languages")
    parser.add_argument("--only", nargs="*", help="those whose name begins so")
    chosen = parser.parse_args()
    folder = Path(chosen.folder)
    folder.mkdir(parents=True, exist_ok=True)
    with served(_fill_database, is_frozen=True) as (base, addresses):
        wanted = tuple(chosen.only or [""])
        pages = {name: address for name, address in addresses.items() if name.startswith(wanted)}
        taken = _take_all(base, pages, folder, is_all=chosen.all)
    for old in set() if chosen.only else set(folder.glob("*.webp")) - set(taken):
        old.unlink()
    megabytes = sum(path.stat().st_size for path in taken) / 1e6
    print(f"{len(taken)} pictures of {len(pages)} pages, {megabytes:.1f} MB")


@contextmanager
def served(
    fill: Callable[[], dict[str, str]], *, is_frozen: bool = False
) -> Iterator[tuple[str, dict[str, str]]]:
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
        os.environ.update(frozen.ENVIRONMENT if is_frozen else {})
        with frozen.frozen() if is_frozen else nullcontext():
            made = fill()
        usual = ["manage.py", "runserver", "--noreload", "--nothreading", f"127.0.0.1:{port}"]
        program = ["-m", "tests.browser.frozen", str(port)] if is_frozen else usual
        command = [sys.executable, *program]
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


def _fill_database() -> dict[str, str]:
    import django

    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    from tests.pages import every_page, sample

    return {**every_page.make(*sample.make_people()), "login": "/login/"}


def _wait(url: str) -> None:
    for _attempt in range(600):
        try:
            urlopen(url, timeout=2).close()
            return
        except (URLError, OSError):
            time.sleep(0.1)
    raise SystemExit("The server did not start.")


def _take_all(base: str, pages: dict[str, str], folder: Path, *, is_all: bool) -> list[Path]:
    looks = [(scheme, language) for scheme in ("light", "dark") for language in (PORTUGUESE, SPANISH)]
    taken: list[Path] = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=FLAGS)
        for scheme, language in looks if is_all else USUAL:
            context = browser.new_context(
                locale=language,
                color_scheme=scheme,  # type: ignore[arg-type]
                base_url=base,
                extra_http_headers=frozen.HEADERS,
            )
            context.clock.set_fixed_time(frozen.MOMENT)
            more = "" if (scheme, language) == USUAL[0] else f"-{scheme}-{language}"
            taken += _take(context, pages, folder, more)
            context.close()
        browser.close()
    return taken


def _take(context: BrowserContext, pages: dict[str, str], folder: Path, more: str) -> Iterator[Path]:
    stranger = [name for name in pages if name == "login"]
    yield from _walk(context, {name: pages[name] for name in stranger}, folder, more)
    _log_in(context)
    yield from _walk(context, {name: pages[name] for name in pages if name not in stranger}, folder, more)


def _walk(context: BrowserContext, pages: dict[str, str], folder: Path, more: str) -> Iterator[Path]:
    page = context.new_page()
    page.on("console", lambda message: print(f"  {message.type}: {message.text}"))
    language = page.evaluate("navigator.language")
    for name, address in pages.items():
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": 844 if width < 600 else 800})
            page.goto(f"{address}?lang={language}" if name.startswith("pay-") else address)
            page.wait_for_timeout(250)  # sums, parcels and charts come after the page
            _report_sideways(page, name, width)
            path = folder / f"{name}-{width}{more}.webp"
            path.write_bytes(_picture(page))
            yield path
    page.close()


def _picture(page: Page) -> bytes:
    """The page as WebP, which Playwright itself does not make."""
    width, height = page.evaluate(
        "[document.documentElement.clientWidth, document.documentElement.scrollHeight]"
    )
    session = page.context.new_cdp_session(page)
    clip = {"x": 0, "y": 0, "width": width, "height": min(height, LONGEST), "scale": 1}
    asked = {"format": "webp", "quality": QUALITY, "captureBeyondViewport": True, "clip": clip}
    taken = session.send("Page.captureScreenshot", asked)
    session.detach()
    return b64decode(taken["data"])


def _log_in(context: BrowserContext) -> None:
    from tests.pages import sample

    page = context.new_page()
    page.goto("/login/")
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
