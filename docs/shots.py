"""`make shots`: pictures of the running demo into docs/shots.

Starts nothing: the demo runs beside it (`make demo`). A phone's picture is its first screens, for a
whole page is too long to look at.
"""

from __future__ import annotations

import argparse
import json
import os
import time
import urllib.request
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

FOLDER = Path(__file__).parent / "shots"
FLAGS = ("--no-sandbox", "--disable-gpu", "--enable-unsafe-swiftshader", "--no-first-run")
BOTH = ("zh", "en")
SCREENS = {
    "wall-1080": ("/wall", (1920, 1080, 1080), BOTH),
    "wall-4k": ("/wall", (3840, 2160, 2160), BOTH),
    "area-desktop": ("/area/{area}", (1440, 1000, 1900), BOTH),
    "area-phone": ("/area/{area}", (390, 844, 2600), BOTH),
    "sources": ("/sources", (1440, 1000, 1700), BOTH),
    "record-desktop": ("{record}", (1440, 1000, 1500), ("zh",)),
    "record-phone": ("{record}", (390, 844, 2000), ("en",)),
}
"""Name → address; width and height of the window, height of the picture; languages."""


def main() -> None:
    """Take every screen."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--url", default="http://127.0.0.1:8050")
    parser.add_argument("--area", default="110105", help="code of the area that is shown")
    asked = parser.parse_args()
    _wait(asked.url)
    FOLDER.mkdir(exist_ok=True)
    path = os.environ.get("CHROME", "/usr/bin/chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(FLAGS))
        places = {"area": asked.area, "record": _record(asked.url, asked.area)}
        for name, (address, size, languages) in SCREENS.items():
            for lang in languages:
                page = f"{asked.url}{address.format(**places)}?lang={lang}"
                _take(browser, page, size, FOLDER / f"{name}-{lang}.png")
        browser.close()


def _wait(url: str) -> None:
    for _ in range(60):
        try:
            with urllib.request.urlopen(f"{url}/readyz", timeout=2):
                return
        except OSError:
            time.sleep(1)
    raise SystemExit(f"nothing answers at {url}: start `make demo` first")


def _record(url: str, area: str) -> str:
    """Give the address of the most pressing case of an area."""
    with urllib.request.urlopen(f"{url}/area/{area}.json", timeout=10) as answer:
        return str(json.load(answer)["cases"][0]["href"])


def _take(browser: Browser, address: str, size: tuple[int, int, int], file: Path) -> None:
    width, height, taken = size
    page = browser.new_page(viewport={"width": width, "height": height})
    page.goto(address)
    page.wait_for_function("() => document.querySelector('main .panel')")
    page.wait_for_timeout(6_000)  # fonts, map and the first push
    clip = {"x": 0, "y": 0, "width": width, "height": taken}
    page.screenshot(path=file, clip=clip, full_page=taken > height)
    page.close()


if __name__ == "__main__":
    main()
