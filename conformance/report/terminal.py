"""The report for people: what was tried, what each requirement came to, and the conversation behind each failure."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from conformance.defects import Defect
from conformance.report import covered
from conformance.report.report import Report
from conformance.report.words import SIGNS, STYLES, also_broken, no_longer, promised, style_of, times, visible
from conformance.runner import RunEvent
from conformance.tally import FAILED_EXIT, PASSED_EXIT, Standing, Tally

SHOWN_CASES: Final = 3
_LABEL: Final = 10  # columns for `expected` and its like


class Terminal:
    """Prints the whole on a console, or into a file behind one."""

    def __init__(self, console: Console) -> None:
        self._console = console

    def hear(self, event: RunEvent, tally: Tally) -> None:
        """Wait for the end."""

    def end(self, report: Report) -> None:
        """Print everything, what matters most last."""
        tally = report.tally
        self._line(_head(report), "bold")
        self._console.print()
        self._console.print(_table(tally))
        self._line("✓ passed   ✗ failed   ! failed, and does not count   ? nobody can tell   – skipped", "dim")
        self._coverage(report)
        self._requirements(tally)
        for defect in tally.defects():
            self._defect(report, defect)
        self._riddles(report)
        self._console.print()
        self._line(*_sentence(report))

    def _coverage(self, report: Report) -> None:
        if not report.run.addresses:  # of a part there is nothing to say
            self._console.print()
            for index, line in enumerate(covered.lines(report.tally.coverage)):
                self._line(f"{'' if index else 'Coverage':<10}{line}", "dim")

    # ---- requirements ----------------------------------------------------------------------------------------------

    def _requirements(self, tally: Tally) -> None:
        counts = tally.counts()
        parts = ", ".join(f"{counts[standing]} {standing}" for standing in Standing if counts[standing])
        self._console.print()
        self._line(f"Requirements: {parts}", "bold")
        for result in tally.results():
            if result.standing is Standing.PASSED:
                continue
            sign = f"  {SIGNS[result.standing]} "
            known = " (known)" if result.is_known else ""
            named = Text.assemble((sign, STYLES[result.standing]), promised(result.requirement), known)
            self._console.print(named, soft_wrap=True)
            if result.reason and result.standing is not Standing.UNKNOWN:
                self._line(f"    {result.standing}: {result.reason}", "dim")
        for mended in tally.mended():
            self._line(f"  ✓ {no_longer(mended)}", "green")

    # ---- defects ---------------------------------------------------------------------------------------------------

    def _defect(self, report: Report, defect: Defect) -> None:
        verdict = defect.verdict
        requirement = report.tally.requirement(verdict.requirement)
        standing = Standing.FAILED if defect.counts else Standing.WARNED
        self._console.print()
        title = f"{standing.upper()} {requirement.address} {requirement.level}"
        kind = f"  {verdict.check}" if verdict.check is not None else ""
        self._console.print(Text.assemble((title, STYLES[standing]), f"{kind}  {_met_by(defect)}"), soft_wrap=True)
        self._labelled("promised", requirement.text)
        for text in also_broken(report.tally, defect):
            self._labelled("also", text)
        self._labelled("expected", verdict.expected)
        self._labelled("came", verdict.came)
        for index, line in enumerate(verdict.conversation):
            self._labelled("" if index else "said", line, style_of(line))
        self._labelled("repeat", report.run.repeat(verdict.case), "bold")
        if (reproducer := report.reproducers.get(verdict.key)) is not None:
            self._labelled("alone", reproducer.told)

    def _riddles(self, report: Report) -> None:
        for reason, verdicts in report.tally.riddles().items():
            self._console.print()
            self._line(
                "UNKNOWN " + ", ".join(_unique(verdict.requirement for verdict in verdicts)), STYLES[Standing.UNKNOWN]
            )
            self._labelled("because", reason.rstrip())
            cases = _unique(verdict.case for verdict in verdicts)
            for index, case in enumerate(cases[:3]):
                self._labelled("" if index else "repeat", report.run.repeat(case), "bold")
            if len(cases) > 3:
                self._labelled("", f"and {times(len(cases) - 3, 'more case')} like it")

    # ---- lines -----------------------------------------------------------------------------------------------------

    def _line(self, text: str, style: str = "") -> None:
        self._console.print(Text(visible(text), style), soft_wrap=True)

    def _labelled(self, label: str, text: str, style: str = "") -> None:
        """Print text in the second column; what is copied from there must not be wrapped."""
        for index, line in enumerate(visible(text).splitlines() or [""]):
            first = f"  {'' if index else label:<{_LABEL}}"
            self._console.print(Text.assemble((first, "dim"), (line, style)), soft_wrap=True)


class TextFile:
    """Writes the same into a file, plain and as wide as a page."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._mode = "w"

    def hear(self, event: RunEvent, tally: Tally) -> None:
        """Wait for the end."""

    def end(self, report: Report) -> None:
        """Write the file; a further report comes below."""
        with self._path.open(self._mode, encoding="utf-8") as file:
            self._mode = "a"
            Terminal(Console(file=file, width=120, color_system=None)).end(report)


def _head(report: Report) -> str:
    target, options = report.run.target, report.run.options
    name = report.tally.protocol.name
    where = f"{name} at {target.url}, namespace {target.namespace}, {target.transport}, {target.mode}"
    if not report.tally.protocol.operations:  # the wire: over all transports, and nothing is drawn
        cases = times(len(report.tally.finished), "case")
        return f"{name} at {target.url}, namespace {target.namespace}; {cases} in {report.took_s:.1f} s"
    return f"{where}; seed {options.seed}, {times(len(report.tally.finished), 'case')} in {report.took_s:.1f} s"


def _table(tally: Tally) -> Padding:
    """Return event (or topic) × kind of check."""
    kinds = _unique(case.kind for case in tally.cases)
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("event or topic")
    for kind in kinds:
        table.add_column(kind, justify="center")
    for subject in _unique(case.subject for case in tally.cases):
        table.add_row(subject, *(_cell(tally, subject, kind) for kind in kinds))
    return Padding(table, (0, 0, 1, 0))


def _met_by(defect: Defect) -> str:
    """Say which cases met a defect; the first few are enough to find the others."""
    others = len(defect.cases) - SHOWN_CASES
    more = f" and {times(others, 'more case')}" if others > 0 else ""
    return f"met by {', '.join(defect.cases[:SHOWN_CASES])}{more}"


def _cell(tally: Tally, subject: str, kind: str) -> Text:
    here = [case for case in tally.cases if case.subject == subject and case.kind == kind]
    standings = {standing for case in here if (standing := tally.standing_of(case)) is not None}
    worst = next((standing for standing in Standing if standing in standings), None)
    return Text() if worst is None else Text(SIGNS[worst], STYLES[worst])


def _sentence(report: Report) -> tuple[str, str]:
    """Return the last line and its style."""
    tally = report.tally
    counts = tally.counts()
    why = report.stopped or (f"the target died during {tally.died.during.address}" if tally.died else "")
    cut = f" ({why}: {times(len(tally.cases) - len(tally.finished), 'case')} not played)" if why else ""
    match tally.exit_code:
        case code if code == PASSED_EXIT:
            warned = f"; broken, and not counted: {counts[Standing.WARNED]}" if counts[Standing.WARNED] else ""
            return f"PASSED: {times(counts[Standing.PASSED], 'requirement')} kept{warned}", "bold green"
        case code if code == FAILED_EXIT:
            return f"FAILED: {times(counts[Standing.FAILED], 'requirement')} broken{cut}", "bold red"
        case _:
            return f"COULD NOT TELL{cut or f': {_nothing(tally)}'}", "bold magenta"


def _nothing(tally: Tally) -> str:
    unknown = tally.counts()[Standing.UNKNOWN]
    return f"{times(unknown, 'requirement')} without an answer" if unknown else "everything was skipped"


def _unique(texts: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(texts))


def listing(tally: Tally) -> Iterator[Text]:
    """Yield the lines of `--list`: every requirement with its level, its words, and the cases that cite it."""
    for result in tally.results():
        requirement = result.requirement
        yield Text.assemble((requirement.address, "bold"), f" {requirement.level}  {requirement.text}")
        citing = [case.address for case in tally.cases if requirement.address in case.cites]
        yield from (Text(f"    {address}", "dim") for address in citing)
        if result.standing is Standing.UNTESTED:
            yield Text(f"    not tested: {result.reason}", "yellow")
    counts = tally.counts()
    tested = sum(counts.values()) - counts[Standing.UNTESTED]
    total = f"{times(tested, 'requirement')} tested by {times(len(tally.cases), 'case')}"
    yield Text(f"\n{total}; {counts[Standing.UNTESTED]} not tested", "bold")


def listing_of_cases(tally: Tally) -> Iterator[Text]:
    """Yield the lines of `--list --cases`: the address of every case and example, and what it cites."""
    for case in tally.cases:
        cites = " ".join(case.cites)
        yield Text.assemble((case.address, "bold"), f"  {cites}")
        yield from (Text.assemble(case.address_of(example), (f"  {cites}", "dim")) for example in case.examples)
    examples = sum(len(case.examples) for case in tally.cases)
    yield Text(f"\n{tally.protocol.name}: {times(len(tally.cases), 'case')}, {times(examples, 'example')}", "bold")
