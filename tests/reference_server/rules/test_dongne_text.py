"""No markup of one user reaches another, and no advertising anybody."""

import html
import re
import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from reference_server.rules.dongne_text import LONGEST, SPAM, SPAM_WORDS, TOO_LONG, TOO_MANY_HASHTAGS, clean, refusal

PIECES = (
    "<", ">", "/", "&", ";", "&lt;", "&amp;", "&#60;", "&#x3c;", "<b>", "</b>", "<script>", "</script>", "<!--", "-->",
    "<svg onload=x>", "<textarea>", "<style>", "<a href='javascript:x'>", "<![CDATA[", "lt;", "amp;", " ", "\r\n", "\0",
    "a", "길", "\ufeff",
)  # fmt: skip
MARKUP = st.lists(st.sampled_from(PIECES), max_size=12).map("".join)


@given(MARKUP | st.text(max_size=40))
@example("&" + "amp;" * 240 + "lt;script&" + "amp;" * 5 + "gt;")
@example("<scr<script>ipt>alert(1)</script>")
@example("<<b>b>")
def test_what_is_clean_has_no_element_and_stays_as_it_is(text: str) -> None:
    cleaned = clean(text)
    assert clean(cleaned) == cleaned
    assert len(cleaned) <= len(text)
    for read in (cleaned, html.unescape(cleaned)):
        assert not re.search(r"<[a-zA-Z!?]|</[^ ]", read)


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ("3 < 5 & 4 > 2", "3 < 5 & 4 > 2"),
        ("안녕 <3 하하", "안녕 <3 하하"),
        ("  애월 카페? ", "애월 카페?"),
        ("<b>굵게</b> 쓰기", "굵게 쓰기"),
        ("<script>alert(1)</script>hi", "hi"),
        ("&lt;img src=x onerror=alert(1)&gt;", ""),
        ("<!-- secret -->rest", "rest"),
    ],
)
def test_markup_goes_and_text_stays(text: str, cleaned: str) -> None:
    assert clean(text) == cleaned


@pytest.mark.parametrize("word", SPAM_WORDS)
def test_advertising_is_refused_wherever_it_stands(word: str) -> None:
    hidden = "\u200b".join(unicodedata.normalize("NFD", word))
    for text in (word, f"오늘만{word}중", hidden):
        assert refusal(["title", text], []) == SPAM
        assert refusal(["title"], ["cafe", text]) == SPAM


def test_limits_are_those_of_the_page() -> None:
    assert refusal(["제목", "x" * LONGEST], ["a"] * 5) == ""
    assert refusal(["제목", "x" * (LONGEST + 1)], []) == TOO_LONG
    assert refusal(["제목"], ["a"] * 6) == TOO_MANY_HASHTAGS
    assert refusal([], []) == ""
