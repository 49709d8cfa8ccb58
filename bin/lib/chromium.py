"""The browser for tests: the one given, the installed one, Debian's, or Playwright's own download."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from lib import packages, say, services
from lib.services import Service, Way

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
REMEDY = "Set CHROMIUM to its program, or install a package: apt-get install chromium."
WHERE = """
from playwright.sync_api import sync_playwright
with sync_playwright() as playwright:
    print(playwright.chromium.executable_path)
"""


def for_tests() -> Service:
    ways = [
        Way("the program CHROMIUM names", lambda: os.environ.get("CHROMIUM") or None),
        Way("the browser installed on this machine", installed),
        Way("the distribution's package", lambda: installed() if packages.apt_install("chromium") else None),
        Way("Playwright's download", _from_playwright),
    ]
    return services.first("Chromium", ways, remedy=REMEDY)


def installed() -> str | None:
    return next(filter(None, map(shutil.which, NAMES)), None)


def _from_playwright() -> str | None:
    say.doing("Fetching Chromium: playwright install chromium")
    command = [sys.executable, "-m", "playwright", "install", "chromium"]
    if subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True).returncode:
        return None
    answer = subprocess.run([sys.executable, "-c", WHERE], capture_output=True, text=True)
    place = answer.stdout.strip()
    return place if place and Path(place).exists() else None
