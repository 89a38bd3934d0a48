"""Makes the page out of runs: one HTML file with its style, its script and its diagrams inside.

Whatever a target said is escaped by the template engine. The page also forbids itself, by its Content-Security-Policy,
every script and style but its own two, and everything from afar.
"""

import base64
import functools
import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from conformance.report.document import Document
from conformance.report.page.views import page
from conformance.report.words import SIGNS, times
from conformance.tally import Standing

_HERE: Final = Path(__file__).parent


def render(documents: Sequence[Document], folder: Path) -> str:
    """Return the page of these runs, which have left files in a folder."""
    style, script = _own("style.css"), _own("script.js")
    return (
        _environment()
        .get_template("report.html.j2")
        .render(
            page=page(documents, folder),
            # These two are ours, and contain nothing of anybody else's.
            style=Markup(style),  # noqa: S704
            script=Markup(script),  # noqa: S704
            policy="; ".join(
                (
                    "default-src 'none'",
                    f"style-src '{_digest(style)}'",
                    f"script-src '{_digest(script)}'",
                    "img-src data:",
                    "base-uri 'none'",
                    "form-action 'none'",
                )
            ),
            signs=SIGNS,
            standings=tuple(Standing),
            times=times,
        )
    )


@functools.cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(_HERE),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["prose"] = _prose
    return environment


def _prose(text: str) -> Markup:
    """Return words of a contract with what stands between backticks set as code."""
    parts = text.split("`")
    if len(parts) % 2 == 0:
        return escape(text)
    return Markup().join(
        Markup("<code>{}</code>").format(part) if index % 2 else escape(part) for index, part in enumerate(parts)
    )


def _own(name: str) -> str:
    return (_HERE / name).read_text(encoding="utf-8")


def _digest(text: str) -> str:
    """Return what a policy calls a text that it lets in."""
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
