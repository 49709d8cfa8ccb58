"""How the page to pay feels on a slow phone: ``python -m tests.browser.throttled``. Figures in JSON.

Four times less processor, and a network of 1.6 Mbit/s with 150 ms there and back. Times in milliseconds, the
middle one of several loads; what else the machine does meanwhile slows them, so its load is told with them.
"""

from __future__ import annotations

import json
import os
import statistics
from typing import Any

from playwright.sync_api import Browser, sync_playwright

from tests.browser.screens import FLAGS, chromium, served

LOADS, SLOWER = 5, 4
NETWORK = {"offline": False, "latency": 150, "downloadThroughput": 200_000, "uploadThroughput": 93_750}
_WATCH = """() => {
    window.longest = 0;
    new PerformanceObserver((list) => {
        for (const task of list.getEntries()) window.longest = Math.max(window.longest, task.duration);
    }).observe({ type: "longtask", buffered: true });
}"""
_COPIED = """async () => {
    const button = document.getElementById("copy-code"), begun = performance.now();
    button.click();
    while (!button.classList.contains("done")) await new Promise(requestAnimationFrame);
    return performance.now() - begun;
}"""
_TIMES = """() => {
    const [page] = performance.getEntriesByType("navigation");
    const paint = performance.getEntriesByName("first-contentful-paint")[0];
    return { painted: paint.startTime, whole: page.loadEventEnd, longest_task: window.longest };
}"""


def _fill() -> dict[str, str]:
    import django

    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    from tests.pages import sample_pay

    return {name: f"/pay/{charge.pay_token}/" for name, charge in sample_pay.make_states().items()}


def _load(browser: Browser, address: str) -> dict[str, float]:
    """Each time as somebody who was never here."""
    context = browser.new_context(viewport={"width": 390, "height": 844}, locale="pt-BR")
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    page = context.new_page()
    session, sizes, asked = context.new_cdp_session(page), [], []
    session.on("Network.requestWillBeSent", lambda event: asked.append(event["request"]["url"]))
    session.on("Network.loadingFinished", lambda event: sizes.append(event["encodedDataLength"]))
    session.send("Network.enable")
    session.send("Network.emulateNetworkConditions", NETWORK)
    session.send("Emulation.setCPUThrottlingRate", {"rate": SLOWER})
    page.add_init_script(f"({_WATCH})()")
    page.goto(address)
    page.wait_for_selector(".qr svg")
    found: dict[str, Any] = page.evaluate(_TIMES)
    found["copied"] = page.evaluate(_COPIED)
    found["bytes"], found["requests"] = sum(sizes), sum(not url.startswith("data:") for url in asked)
    context.close()
    return found


def main() -> None:
    with served(_fill) as (base, pages), sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=FLAGS)
        _load(browser, base + pages["ways"])  # the server's first answer fills its caches
        loads = [_load(browser, base + pages["ways"]) for _load_of_several in range(LOADS)]
        browser.close()
    middle = {name: round(statistics.median(load[name] for load in loads)) for name in loads[0]}
    told = {"slower": SLOWER, "loads": LOADS, "machine_load": round(os.getloadavg()[0], 1), **middle}
    print(json.dumps(told))


if __name__ == "__main__":
    main()
