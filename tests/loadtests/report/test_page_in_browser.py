"""The page in a real browser: it asks nobody for anything, and suits day and night, desk and phone."""

import asyncio
from pathlib import Path

import pytest

from loadtests.report import page
from loadtests.results.record import Outcome
from tests.browser import BROWSER, browser

from .runs import run

pytestmark = pytest.mark.skipif(
    not BROWSER.exists(), reason=f"no browser at {BROWSER}; on Debian: apt-get install chromium"
)

_DRAWN = """
  [...document.querySelectorAll("svg.plot")].every((plot) => {
    const frame = plot.getBoundingClientRect();
    return frame.width > 250 && [...plot.children].every((part) => {
      const box = part.getBoundingClientRect();
      return box.left >= frame.left - 1 && box.right <= frame.right + 1 && getComputedStyle(part).fill !== "";
    });
  })
"""


def test_it_asks_nobody_complains_of_nothing_and_can_be_read_everywhere(tmp_path: Path) -> None:
    slo = [Outcome(rule="lost", wanted="at most 0%", seen="0.05%", kept=kept) for kept in (True, False, None)]
    path = page.write(run(lag_us=25_000).model_copy(update={"slo": slo, "examples": ["Ann never heard it"]}), tmp_path)

    async def look() -> None:
        async with browser(tmp_path / "profile") as tab:
            await tab.open(path)
            assert await tab.value("document.querySelectorAll('svg.plot').length") == 5
            for scheme in ("light", "dark"):
                await tab.prefer(scheme)
                assert await tab.faint() == []
            for width in (360, 1280):
                assert await tab.width_needed(width) == width
                assert await tab.value(_DRAWN)
            colour = "getComputedStyle(document.querySelector('.line.p99')).stroke"
            assert await tab.value(colour) != "none", "the style of the plots is let in"
            assert [url for url in tab.requests if not url.startswith(("file:", "data:"))] == []
            assert tab.complaints == []

    asyncio.run(look())
