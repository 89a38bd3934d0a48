"""What the page shows, put in order: runs side by side, and of each its table, its defects and their diagrams."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeAlias

from conformance.report.document import Document, Flaw, Judged, Standpoint
from conformance.report.names import slug
from conformance.report.page.coverage import Table, tables
from conformance.report.sequence import Diagram, draw
from conformance.report.words import SIGNS, times, visible
from conformance.tally import FAILED_EXIT, PASSED_EXIT, Standing

_OPEN: Final = 5
"""So many defects are shown open; of the others the first line is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """A standing, and where it is explained."""

    standing: Standing
    anchor: str = ""

    @property
    def sign(self) -> str:
        """The sign that says it without colour."""
        return SIGNS[self.standing]


Row: TypeAlias = tuple[str, str, tuple[Cell | None, ...]]
"""The name of a row, its words, its cells."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Grid:
    """Rows by columns; None where there is nothing to say."""

    columns: tuple[str, ...]
    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Script:
    """A reproducer to copy."""

    language: str
    file: str
    text: str
    """Empty where the file is not there, as when a run was brought from another machine without it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """One defect."""

    anchor: str
    flaw: Flaw
    also: tuple[Standpoint, ...]
    diagram: Diagram | None
    scripts: tuple[Script, ...]
    is_open: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One protocol of one run."""

    anchor: str
    judged: Judged
    headline: str
    standing: Standing
    kinds: Grid
    coverage: tuple[Table, ...]
    defects: tuple[Shown, ...]
    anchors: Mapping[str, str]
    """Address of a requirement -> the defect that broke it, or its own line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One run."""

    anchor: str
    document: Document
    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Matrix:
    """Requirement by target: first what one should look at."""

    telling: Grid
    kept: Grid
    """What every target keeps."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Everything."""

    columns: tuple[Column, ...]
    matrices: Mapping[str, Matrix]
    """Protocol -> what its requirements came to, where there is more than one target."""


def page(documents: Sequence[Document], folder: Path) -> Page:
    """Put runs in the order of their names; what they leave beside them is in the folder."""
    columns = tuple(_column(document, folder) for document in sorted(documents, key=lambda one: one.name))
    protocols = dict.fromkeys(part.judged.protocol for column in columns for part in column.parts)
    matrices = {name: _matrix(name, columns) for name in protocols} if len(columns) > 1 else {}
    return Page(columns=columns, matrices=matrices)


def _column(document: Document, folder: Path) -> Column:
    anchor = slug(document.name)
    return Column(
        anchor=anchor,
        document=document,
        parts=tuple(_part(anchor, judged, folder) for judged in document.reports),
    )


def _part(column: str, judged: Judged, folder: Path) -> Part:
    anchor = f"{column}/{judged.protocol}"
    words = {one.address: one for one in judged.requirements}
    defects = tuple(_shown(column, number, flaw, words, folder) for number, flaw in enumerate(judged.defects))
    anchors = {one.address: f"{column}/about/{one.address}" for one in judged.requirements}
    for shown in reversed(defects):
        anchors.update(dict.fromkeys(shown.flaw.also, shown.anchor))
    for shown in reversed(defects):
        anchors[shown.flaw.requirement] = shown.anchor
    standing, headline = _verdict(judged)
    return Part(
        anchor=anchor,
        judged=judged,
        headline=headline,
        standing=standing,
        kinds=_kinds(judged),
        coverage=tuple(tables(judged.coverage)),
        defects=defects,
        anchors=anchors,
    )


def _shown(column: str, number: int, flaw: Flaw, words: Mapping[str, Standpoint], folder: Path) -> Shown:
    return Shown(
        anchor=f"{column}/{flaw.requirement}/{number + 1}",
        flaw=flaw,
        also=tuple(words[address] for address in flaw.also if address in words),
        diagram=draw(flaw.conversation) if flaw.conversation else None,
        scripts=tuple(_scripts(flaw, folder)),
        is_open=number < _OPEN,
    )


def _scripts(flaw: Flaw, folder: Path) -> Iterator[Script]:
    """Yield the reproducers of a defect with their texts, as far as they are in the folder, and nowhere else."""
    alone = flaw.reproducer
    for language, name in (("Python", alone.python), ("Node", alone.node)) if alone else ():
        if name:
            file = (folder / name).resolve()
            is_here = file.is_relative_to(folder.resolve()) and file.is_file()
            text = file.read_text(encoding="utf-8", errors="backslashreplace") if is_here else ""
            yield Script(language=language, file=name, text=visible(text))


def _verdict(judged: Judged) -> tuple[Standing, str]:
    """Return what became of a protocol, and say it."""
    counts = judged.counts
    match judged.exit_code:
        case code if code == PASSED_EXIT:
            return Standing.PASSED, f"{times(counts.get(Standing.PASSED, 0), 'requirement')} kept"
        case code if code == FAILED_EXIT:
            return Standing.FAILED, f"{times(counts.get(Standing.FAILED, 0), 'requirement')} broken"
    return Standing.UNKNOWN, "nobody can tell"


def _kinds(judged: Judged) -> Grid:
    """Return subject by kind of case, as the terminal has it; the worst of several cases stands for them."""
    columns = tuple(dict.fromkeys(case.kind for case in judged.cases))
    found: dict[tuple[str, str], Standing] = {}
    order = list(Standing)
    for case in judged.cases:
        place = case.subject, case.kind
        found[place] = min(found.get(place, case.standing), case.standing, key=order.index)
    rows = tuple(
        (subject, "", tuple(_cell(found.get((subject, kind))) for kind in columns))
        for subject in dict.fromkeys(case.subject for case in judged.cases)
    )
    return Grid(columns=columns, rows=rows)


def _cell(standing: Standing | None) -> Cell | None:
    return None if standing is None else Cell(standing=standing)


def _matrix(protocol: str, columns: Sequence[Column]) -> Matrix:
    """Return requirement by target; each cell leads to what is known of it there."""
    parts = [next((p for p in column.parts if p.judged.protocol == protocol), None) for column in columns]
    words = {one.address: one for part in parts if part is not None for one in part.judged.requirements}
    standings = [
        {} if part is None else {one.address: one.standing for one in part.judged.requirements} for part in parts
    ]
    rows = tuple(
        (
            address,
            f"{one.level} {one.text}",
            tuple(
                Cell(standing=known[address], anchor=part.anchors[address])
                if part is not None and address in known
                else None
                for part, known in zip(parts, standings, strict=True)
            ),
        )
        for address, one in words.items()
    )
    names = tuple(column.document.name for column in columns)
    telling: list[Row] = []
    kept: list[Row] = []
    for row in rows:
        standings_here = {cell.standing for cell in row[2] if cell is not None}
        (kept if standings_here == {Standing.PASSED} else telling).append(row)
    return Matrix(telling=Grid(columns=names, rows=tuple(telling)), kept=Grid(columns=names, rows=tuple(kept)))
