"""Makes the page out of runs, with their conversations as diagrams."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from conformance.report.document import Document
from conformance.report.page.views import page
from conformance.report.words import SIGNS, times
from conformance.tally import Standing
from protocols.html import shell

_HERE: Final = Path(__file__).parent


def render(documents: Sequence[Document], folder: Path) -> str:
    """Return the page of these runs, which have left files in a folder."""
    return shell.render(
        _HERE, "report.html.j2", page=page(documents, folder), signs=SIGNS, standings=tuple(Standing), times=times
    )
