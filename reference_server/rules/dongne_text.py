"""What people may write in dongne: text without markup, without advertising, and not too much of it."""

import html
import unicodedata
from collections.abc import Sequence
from typing import Final

import nh3

LONGEST: Final = 1000
"""Characters of one text."""
MOST_HASHTAGS: Final = 5
SPAM_WORDS: Final = ("광고", "홍보", "할인", "무료", "클릭")

TOO_LONG: Final = "Message too long"
SPAM: Final = "Message contains spam content"
TOO_MANY_HASHTAGS: Final = "Too many hashtags"


def clean(text: str) -> str:
    """Return a text without any HTML, and without the blanks at its ends; cleaning it again changes nothing.

    `3 < 5 & 4` stays what it is. Markup that was written as references goes as well, `&lt;b&gt;` as much as `<b>`:
    however a reader treats the result, as text or as HTML, once or twice decoded, there is no element in it.
    """
    while (plain := _without_markup(text)) != text:
        # Ends: each round takes away a tag, a blank or one layer of references, or has nothing left to change.
        text = plain
    return text


def refusal(texts: Sequence[str], hashtags: Sequence[str]) -> str:
    """Say why somebody may not write these texts under these hashtags; the empty string when it is fine."""
    if any(len(text) > LONGEST for text in texts):
        return TOO_LONG
    if any(word in _as_read(text) for text in (*texts, *hashtags) for word in SPAM_WORDS):
        return SPAM
    if len(hashtags) > MOST_HASHTAGS:
        return TOO_MANY_HASHTAGS
    return ""


def _without_markup(text: str) -> str:
    """Read a text as HTML, as browsers do, and return the text in it."""
    return html.unescape(nh3.clean(text, tags=set())).strip()


def _as_read(text: str) -> str:
    """Return a text as eyes see it: characters of no width left out, decomposed letters together."""
    return unicodedata.normalize("NFKC", "".join(letter for letter in text if unicodedata.category(letter) != "Cf"))
