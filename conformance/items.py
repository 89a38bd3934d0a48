"""Cases as pytest's items.

A case is played while its item is set up, so that pytest calls it an error, not a failure, when nobody can tell.
"""

import secrets
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final, Self

import pytest

from conformance.case import Case
from conformance.known import Known
from conformance.playground import Options, Playground
from conformance.report.words import promised, visible
from conformance.runner import Finished, TargetDied, TargetRevived, parts, run
from conformance.suite import ground, suite_of
from conformance.tally import Standing, Tally
from conformance.verdict import Outcome, Verdict
from protocols.errors import TargetUnreachable, UsageError
from simulators.target import Target


class Unknown(Exception):
    """Nobody can tell whether the target keeps its promise; the text says why."""


class Failed(Exception):
    """The target broke a promise; the text is what the report shows."""


@dataclass
class Judge:
    """What all items of a session share: the target, the ground, which opens with the first, and the tally."""

    target: Target
    options: Options
    tally: Tally
    random: int = 1
    """How many random cases share the budget."""
    chosen: dict[str, list[str]] = field(default_factory=dict)
    """Address of a case -> ids of its examples that are selected, in their order; an empty one where it has none."""
    asides: list[str] = field(default_factory=list)
    """What is broken and does not count, for the summary."""
    _played: dict[str, list[Finished]] = field(default_factory=dict)
    _open: ExitStack = field(default_factory=ExitStack)
    _ground: Playground | None = None

    @classmethod
    def of(cls, config: pytest.Config) -> Self:
        """Make what the command line asks for; raises UsageError."""
        named: str = config.getoption("--target")
        protocol: str | None = config.getoption("--rehearsal-protocol")
        given: int | None = config.getoption("--rehearsal-seed")
        path = config.invocation_params.dir / named
        is_file = "://" not in named and (path.suffix == ".toml" or path.exists())
        target = Target.load(path) if is_file else Target.at(named)
        if protocol is not None:
            target = Target.load(path, protocol=protocol) if is_file else Target.at(named, protocol=protocol)
        suite = suite_of(target.protocol)
        options = Options(
            seed=secrets.randbits(32) if given is None else given,
            budget_s=config.getoption("--rehearsal-budget"),
            slow=config.getoption("--rehearsal-slow"),
        )
        tally = Tally(
            protocol=suite.protocol,
            cases=suite.cases(),
            known=Known.wholly(target.known_failures).of(suite.protocol),
            strict=config.getoption("--rehearsal-strict"),
        )
        return cls(target, options, tally)

    def play(self, case: Case) -> tuple[Sequence[Finished], str]:
        """Play what is chosen of one case, once; returns its parts, and why the target is gone, if it is."""
        if case.address in self._played:
            return self._played[case.address], ""
        if self._ground is None:
            # The runner knows of one case at a time, and would give each random one the whole budget.
            share = replace(self.options, budget_s=self.options.budget_s / self.random)
            self._ground = self._open.enter_context(ground(self.target, share))
        gone = ""
        for event in run(self._ground, [replace(case, examples=tuple(filter(None, self.chosen[case.address])))]):
            self.tally.hear(event)
            match event:
                case Finished():
                    self._played[case.address] = parts(event)
                case TargetDied():
                    gone = event.reason
                case TargetRevived():
                    gone = ""
        return self._played[case.address], gone

    def close(self) -> None:
        """Let go of the target."""
        self._open.close()


def configure(config: pytest.Config) -> None:
    """Get ready to judge what the command line names; raises pytest.UsageError."""
    try:
        judge = Judge.of(config)
    except UsageError as error:
        raise pytest.UsageError(str(error)) from None
    config.stash[_JUDGE] = judge
    config.add_cleanup(judge.close)
    config.pluginmanager.register(Session(judge))


_JUDGE: Final = pytest.StashKey[Judge]()


class SuiteDirectory(pytest.Directory):
    """The suite, in the place of the package that holds it."""

    def collect(self) -> Iterator["CaseItem"]:
        """Yield an item for each example of each case, or for the case where it has none."""
        judge = self.config.stash[_JUDGE]
        for case in judge.tally.cases:
            for example in case.examples or ("",):
                name = case.address_of(example)
                yield CaseItem.from_parent(self, name=name, judge=judge, case=case, example=example)


class CaseItem(pytest.Item):
    """One case, or one example; its name is its address."""

    def __init__(self, *, judge: Judge, case: Case, example: str, **arguments: Any) -> None:
        super().__init__(**arguments)
        self.judge = judge
        self.case = case
        self.example = example
        self.verdicts: Sequence[Verdict] = ()

    def setup(self) -> None:
        """Play the case with all its examples that are selected, unless it was; raises Unknown."""
        try:
            played, gone = self.judge.play(self.case)
        except (UsageError, TargetUnreachable) as error:
            pytest.exit(f"{error}", returncode=pytest.ExitCode.USAGE_ERROR)
        if gone:
            self.session.shouldstop = f"the target died during {self.case.address}: {gone}"
        # What cannot be said of one example is said with the last of them.
        is_last = self.example == self.judge.chosen[self.case.address][-1]
        mine = {self.name, self.case.address} if is_last else {self.name}
        self.verdicts = [verdict for part in played if part.case.address in mine for verdict in part.verdicts]
        if reasons := _unique(verdict.reason for verdict in self.verdicts if verdict.outcome is Outcome.UNKNOWN):
            raise Unknown("\n".join(reasons))

    def runtest(self) -> None:
        """Say what came of it; raises Failed."""
        tally = self.judge.tally
        failed = [verdict for verdict in self.verdicts if verdict.outcome is Outcome.FAIL]
        if any(tally.standing_of_verdict(verdict) is Standing.FAILED for verdict in failed):
            raise Failed("\n\n".join(self._told(verdict) for verdict in failed))
        self.judge.asides += [f"{self.name}: {self._told(verdict)}" for verdict in failed]
        if any(map(tally.known.covers, failed)):
            pytest.xfail(f"known to fail: {', '.join(verdict.requirement for verdict in failed)}")
        if tally.standing_of_all(self.verdicts) is Standing.SKIPPED:
            pytest.skip("; ".join(_unique(verdict.reason for verdict in self.verdicts)))

    def _told(self, verdict: Verdict) -> str:
        lines = [promised(self.judge.tally.requirement(verdict.requirement))]
        lines += [f"also {promised(self.judge.tally.requirement(address))}" for address in verdict.also]
        lines += [f"expected  {verdict.expected}", f"came      {verdict.came}", *verdict.conversation]
        again = f"--rehearsal-seed {self.judge.options.seed} -k '{self.name}'"
        return visible("\n".join([*lines, f"repeat    pytest --pyargs conformance --target {self._named} {again}"]))

    @property
    def _named(self) -> str:
        return str(self.config.getoption("--target"))

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """Show the finding alone; a fault of ours keeps its traceback."""
        if isinstance(excinfo.value, Failed | Unknown):
            return str(excinfo.value)
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, None, str]:
        """Return what heads the item in reports."""
        return self.path, None, self.name


class Session:
    """What the session does beside its items."""

    def __init__(self, judge: Judge) -> None:
        self._judge = judge

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Share the budget among the random cases that are left, and note what is selected of each."""
        items = [item for item in session.items if isinstance(item, CaseItem)]
        self._judge.random = max(1, sum(item.case.is_random for item in items))
        for item in items:
            self._judge.chosen.setdefault(item.case.address, []).append(item.example)

    def pytest_report_collectionfinish(self) -> str:
        """Name the seed, without which nothing could be repeated."""
        return f"rehearsal: {self._judge.target.protocol} at {self._judge.target.url}, seed {self._judge.options.seed}"

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Name what is broken and does not count, and what was thought to be."""
        tally = self._judge.tally
        if not self._judge.asides and not tally.mended():
            return
        terminalreporter.section("broken, and does not count")
        for aside in self._judge.asides:
            terminalreporter.line(aside)
        for mended in tally.mended():
            terminalreporter.line(f"known to fail, and passed here: {promised(mended.requirement)}")


def _unique(texts: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(texts))
