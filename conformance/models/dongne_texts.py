"""What `dongne` keeps of a text: without markup, without the blanks around it, and no advertising at all."""

import html
import re
import string
import unicodedata
from collections.abc import Mapping
from typing import Final

import hypothesis.strategies as st

SPAM_WORDS: Final = ("광고", "홍보", "할인", "무료", "클릭")
SPAM: Final = (
    "오늘만 할인합니다",
    "무료 나눔",
    "여기를 클릭",
    unicodedata.normalize("NFD", "광고 아님"),
    "홍\u200b보",
    "할<b></b>인",
)
"""Advertising, plain and in disguise."""
MARKUP: Final[Mapping[str, str]] = {
    "<b>바다</b> 어때요": "바다 어때요",
    "바다<script>alert(1)</script>": "바다",
    "<img src=x onerror=alert(1)>바다": "바다",
    '<a href="javascript:alert(1)">바다</a>': "바다",
    "<svg/onload=alert(1)>바다</svg>": "바다",
    "<scr<b>ipt>바다</script>": "바다",
    "&lt;img src=x onerror=alert(1)&gt;바다": "바다",
}
"""Texts with markup, and what is left of each at least."""
NOTHING_LEFT: Final = ("<b></b>", "<br>", " <i> </i> ", "<img src=x>")

_ELEMENT: Final = re.compile(r"<[^>]*>")
_BEGINS_ELEMENT: Final = re.compile(r"<[A-Za-z/!?]")
_DISPUTED: Final = "\x1c\x1d\x1e\x1f\x85\u180e\u200b\ufeff"
"""Blank to some languages, and not to others."""

TEXTS: Final = st.text(string.ascii_lowercase + " 가나다", min_size=1, max_size=12).filter(str.strip) | st.text(
    st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"], exclude_characters=_DISPUTED + "<>&"),
    min_size=1,
    max_size=24,
).filter(str.strip)
"""Texts of which nobody can doubt what is kept."""
WRITTEN: Final = TEXTS | st.sampled_from(["<b>굵게</b> 말함", "3 < 5", *SPAM])
"""Texts of which nobody can doubt whether they may be kept."""


def without_markup(text: str) -> str:
    """Return a text as a reader sees it whose markup is known to be whole."""
    return html.unescape(_ELEMENT.sub("", text)).strip()


def is_spam(text: str) -> bool:
    """Say whether a text advertises, as eyes see it."""
    seen = "".join(letter for letter in without_markup(text) if unicodedata.category(letter) != "Cf")
    return any(word in unicodedata.normalize("NFKC", seen) for word in SPAM_WORDS)


def is_blank(text: str) -> bool:
    """Say whether nothing is left of a text."""
    return not without_markup(text)


def has_markup(text: str) -> bool:
    """Say whether a browser would find an element in a text."""
    return _BEGINS_ELEMENT.search(text) is not None


def is_kept_as(said: str, kept: str) -> bool:
    """Say whether a text may be kept so; of texts with markup or control characters much is open, but no element."""
    if has_markup(kept):
        return False
    is_plain = not any(
        letter in "<>&" or (unicodedata.category(letter) == "Cc" and letter not in "\t\n") for letter in said
    )
    blanks = string.whitespace + _DISPUTED
    return not is_plain or (kept == kept.strip() and kept.strip(blanks) == said.strip().strip(blanks))


def is_beginning(preview: str, content: str) -> bool:
    """Say whether a preview is the first hundred characters, however a server counts them."""
    if any(ord(letter) > 0xFFFF for letter in content):
        return 0 < len(preview) <= 100 and content.startswith(preview)
    return preview == content[:100]
