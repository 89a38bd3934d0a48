"""What somebody wants to say in dongne, made fit to be kept: without markup and the blanks at its ends."""

from collections.abc import Sequence
from typing import TypeAlias

from protocols import dongne
from reference_server.rules import dongne_text as text
from reference_server.rules.dongne_state import Draft

Written: TypeAlias = dongne.CreateQuestion | dongne.CreateAnswer
"""The events that carry text for others to read."""


def question(event: dongne.CreateQuestion) -> Draft:
    """Clean a question; hashtags and a category of which nothing is left are left out."""
    content = event.content if isinstance(event.content, str) else ""
    category = event.category if isinstance(event.category, str) else ""
    return Draft(
        title=text.clean(event.title),
        content=text.clean(content),
        location=event.location,
        hashtags=tuple(tag for tag in map(text.clean, _said(event.hashtags)) if not is_blank(tag)),
        category="" if is_blank(cleaned := text.clean(category)) else cleaned,
        urgency="urgent" if event.urgency == "urgent" else "normal",
    )


def is_spam(event: Written) -> bool:
    """Whether it advertises."""
    match event:
        case dongne.CreateQuestion():
            draft = question(event)
            return bool(text.refusal([draft.title, draft.content, draft.category], draft.hashtags))
        case dongne.CreateAnswer():
            return bool(text.refusal([text.clean(event.content)], ()))


def is_empty(event: Written) -> bool:
    """Whether nothing is left of the title of a question, or of an answer."""
    return is_blank(text.clean(event.title if isinstance(event, dongne.CreateQuestion) else event.content))


def is_blank(said: str) -> bool:
    r"""Whether the contract's `\S` finds nothing in it; U+FEFF is blank there, and not to Python."""
    return not said.replace("\ufeff", "").strip()


def images(event: dongne.CreateAnswer) -> tuple[str, ...]:
    """Return the pictures of an answer."""
    return tuple(_said(event.images))


def _said(items: object) -> Sequence[str]:
    return items if isinstance(items, list | tuple) else ()
