"""Makes a page out of a template: one HTML file with its style, its script and its pictures inside.

Whatever a target said is escaped by the template engine. The page also forbids itself, by its Content-Security-Policy,
every script and style but its own two, and everything from afar.
"""

import base64
import functools
import hashlib
from pathlib import Path
from typing import Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

_HERE: Final = Path(__file__).parent


def render(folder: Path, template: str, **content: object) -> str:
    """Return the page of a template that extends `shell.html.j2`.

    Beside it in its folder lie style.css and script.js, which are added to what every page has; either may be missing.
    """
    style = _text(_HERE / "shell.css") + _text(folder / "style.css")
    script = _text(_HERE / "shell.js") + _text(folder / "script.js")
    policy = (
        "default-src 'none'",
        f"style-src '{_digest(style)}'",
        f"script-src '{_digest(script)}'",
        "img-src data:",
        "base-uri 'none'",
        "form-action 'none'",
    )
    return (
        _environment(folder)
        .get_template(template)
        .render(
            # These two are ours, and contain nothing of anybody else's.
            style=Markup(style),  # noqa: S704
            script=Markup(script),  # noqa: S704
            policy="; ".join(policy),
            **content,
        )
    )


@functools.cache
def _environment(folder: Path) -> Environment:
    environment = Environment(
        loader=FileSystemLoader([folder, _HERE]),
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


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.exists() else ""


def _digest(text: str) -> str:
    """Return what a policy calls a text that it lets in."""
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
