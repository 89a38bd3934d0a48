"""The page in a real browser: it asks nobody for anything, obeys no target, and suits day and night, desk and phone."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from conformance.report.html import HtmlFile
from tests.browser import BROWSER, Tab, browser

from ..stories import case, failed, passed, report, tally

pytestmark = pytest.mark.skipif(
    not BROWSER.exists(), reason=f"no browser at {BROWSER}; on Debian: apt-get install chromium"
)

HOSTILE = (
    "<script>document.title='owned'</script><img src=http://127.0.0.1:9/x onerror=document.title='owned'>\ud800\x00"
)


@pytest.fixture
def page(tmp_path: Path) -> Path:
    """A page of two targets, one of which would like to be more than text."""
    lines = (f"= {HOSTILE}", f"ana > talk {HOSTILE}", "ana < talk {}", "ben < talk {}", f"! {HOSTILE}")
    bad = [failed(case(f"bad{number}"), f"toy/talk/{number}", came=HOSTILE, conversation=lines) for number in (1, 2)]
    many = [failed(case(f"more{number}"), f"toy/more/{number}") for number in range(6)]
    HtmlFile(tmp_path, HOSTILE).end(report(tally(*bad, *many)))
    HtmlFile(tmp_path, "ours").end(report(tally(passed(case()))))
    return tmp_path / "report.html"


def shown(page: Path, look: Callable[[Tab], Awaitable[Any]], fragment: str = "") -> Any:
    async def work() -> Any:
        async with browser(page.parent / "profile") as tab:
            await tab.open(page, fragment)
            return await look(tab)

    return asyncio.run(work())


def test_it_asks_nobody_obeys_nobody_and_complains_of_nothing(page: Path) -> None:
    async def look(tab: Tab) -> None:
        assert await tab.value("document.title") != "owned"
        assert await tab.value("document.querySelectorAll('script, img, iframe, object').length") == 1
        assert "<script>" in await tab.value("document.querySelector('.came dd').textContent")
        assert await tab.value("document.querySelectorAll('svg.sequence .arrow').length") == 2 * 3 + 6
        # Whatever got in all the same would not be run.
        await tab.value("document.body.insertAdjacentHTML('beforeend', '<b id=b onclick=\"document.title=1\"></b>')")
        await tab.value("document.getElementById('b').click()")
        assert await tab.value("document.title") != "1"

        assert [url for url in tab.requests if not url.startswith(("file:", "data:"))] == []
        # The only complaint is the browser's own, of what this test put in.
        await tab.complained()
        assert len(tab.complaints) == 1
        assert "Content Security Policy" in tab.complaints[0]

    shown(page, look)


def test_it_is_dark_at_night_and_as_one_chooses_and_links_open_what_they_lead_to(page: Path) -> None:
    async def look(tab: Tab) -> None:
        brightness = "getComputedStyle(document.body).backgroundColor.match(/\\d+/g).map(Number)[0]"
        await tab.prefer("light")
        assert await tab.value(brightness) > 200
        await tab.prefer("dark")
        assert await tab.value(brightness) < 60
        await tab.value("document.querySelector('.scheme [value=light]').click()")
        assert await tab.value(brightness) > 200
        await tab.value("document.querySelector('.scheme [value=auto]').click()")
        assert await tab.value(brightness) < 60

        assert await tab.value("document.querySelectorAll('.defect').length") == 8
        last = "[...document.querySelectorAll('.defect')].at(-1)"
        assert not await tab.value(f"{last}.open")
        opened = f"new Promise((done) => {last}.addEventListener('toggle', () => done({last}.open)))"
        assert await tab.value(f"(location.hash = {last}.id, {opened})")

    shown(page, look)


def test_all_words_can_be_read_by_day_and_by_night_on_a_phone_and_at_a_desk(page: Path) -> None:
    async def look(tab: Tab) -> None:
        for scheme in ("light", "dark"):
            await tab.prefer(scheme)
            assert await tab.faint() == []
        for width in (360, 1280):
            assert await tab.width_needed(width) == width

    shown(page, look)
