"""The options that load tests add to Locust's, and what they come to, read and checked."""

from argparse import ArgumentParser, Namespace
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self, TypedDict

from loadtests.durations import seconds
from loadtests.network import Network
from loadtests.plan import SHAPES, Plan
from loadtests.results.slo import NAMED, Objectives
from protocols.errors import UsageError
from simulators.hearing import Validate
from simulators.scenario import KINDS, Cast
from simulators.target import Overrides, Target

SAID: Final = "said"
"""Where a master puts, beside the options, what Locust does not tell its workers."""
_STAY: Final = "30s"


def add_options(parser: ArgumentParser) -> None:
    """Add them to Locust's command line, in a group of their own."""
    group = parser.add_argument_group("Rehearsal options", "Simulated people, and what is measured and judged of them.")
    add = group.add_argument
    add("--target", metavar="FILE", default="", help="A target.toml, for servers other than the reference server")
    add(
        "--protocol",
        choices=list(KINDS),
        default=None,
        help="Whose usual people come where no User classes are named; the target file's, or space, when absent",
    )
    add("--cast", metavar="KIND=N,...", default="", help="Who comes, and how often; and how many, where -u is absent")
    add("--seed", type=int, default=1, help="What the simulated people do follows from it")
    add(
        "--shape",
        metavar="NAME",
        default="",
        help=f"How many are there when: {', '.join(SHAPES)}, or a FILE.toml; needs -t",
    )
    add(
        "--arrivals",
        type=float,
        metavar="R",
        default=None,
        help="Open model: R users come a second, at random, and leave again; -u is the room there is; needs -t",
    )
    add("--stay", metavar="DURATION", default=_STAY, help=f"How long each stays then, on average; {_STAY} when absent")
    add("--slo", metavar="NAME", default="", help=f"What must hold: {', '.join(NAMED)}, or a FILE.toml")
    add(
        "--network",
        metavar="FAULTS",
        default="",
        help="How bad the network is: latency=50ms,jitter=20ms,cut=0.1/s, each way and for each connection",
    )
    add(
        "--validate",
        choices=[each.value for each in Validate],
        default=Validate.SAMPLE.value,
        help="Which messages that come are checked against their schemas; sample when absent",
    )
    add("--report", metavar="DIR", default="", help="Leave the record of the run there, as load.json and a page")
    add(
        "--view",
        choices=("locust", "live", "plain", "auto"),
        default="locust",
        help="What a terminal shows: Locust's tables, ours, a line every 2 s, or whichever of ours fits",
    )


class Said(TypedDict, total=False):
    """What a master tells its workers beside the options, in what MessagePack can carry."""

    users: int | None
    for_s: float | None
    workers: int
    people: list[tuple[str, str, float]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What was asked, checked as far as that can be done without the target."""

    target: Target
    file: str
    """Where the target comes from; empty where a URL is all that was said."""
    cast: Cast
    """Who comes, and in which proportion."""
    seed: int
    shape: str
    plan: Plan | None
    arrivals: float | None
    stay_s: float
    objectives: Objectives | None
    network: Network | None
    network_text: str
    validate: Validate
    report: Path | None
    view: str
    users: int | None
    """The most at a time; None where nobody has said."""
    rate: float | None
    for_s: float | None
    workers: int
    """How many processes have people."""
    people: tuple[tuple[str, str, float], ...] | None
    """Who comes, by protocol, kind and weight; None where that follows from the users whom Locust starts."""

    @classmethod
    def read(cls, parsed: Namespace, host: str | None) -> Self:
        """Read what Locust has parsed; raises UsageError."""
        target = _target(parsed, host)
        cast = Cast.parse(parsed.cast, target.protocol) if parsed.cast else Cast.usual(target.protocol)
        if parsed.arrivals is not None and parsed.arrivals <= 0:
            raise UsageError(f"--arrivals {parsed.arrivals:g}: nobody would come; it is how many come a second")
        network = Network.parse(parsed.network) if parsed.network else None
        if network is not None and network.delays and target.url.startswith("https:"):
            raise UsageError("--network: latency and jitter cannot lie between connections of https; use http")
        said: Said = getattr(parsed, SAID, Said())
        return cls(
            target=target,
            file=parsed.target,
            cast=cast,
            seed=parsed.seed,
            shape=parsed.shape or "steady",
            plan=Plan.named(parsed.shape) if parsed.shape else None,
            arrivals=parsed.arrivals,
            stay_s=seconds(parsed.stay),
            objectives=Objectives.named(parsed.slo, target.protocol) if parsed.slo else None,
            network=network,
            network_text=parsed.network,
            validate=Validate(parsed.validate),
            report=Path(parsed.report) if parsed.report else None,
            view=parsed.view,
            users=said.get("users") or parsed.num_users or (cast.size if parsed.cast else None),
            rate=parsed.spawn_rate,
            for_s=said.get("for_s") or parsed.run_time,
            workers=said.get("workers", 1),
            people=None if (people := said.get("people")) is None else tuple((p, k, w) for p, k, w in people),
        )

    def admit(self, protocol: str) -> None:
        """Raise UsageError where people of this protocol cannot play at the target that a file describes."""
        if self.file and protocol != self.target.protocol:
            raise UsageError(
                f"{self.file}: is about {self.target.protocol}, and these users speak {protocol}; choose others"
            )


def _target(parsed: Namespace, host: str | None) -> Target:
    said = Overrides()
    if host:
        said["url"] = host
    if parsed.protocol:
        said["protocol"] = parsed.protocol
    if parsed.target:
        return Target.load(Path(parsed.target), **said)
    if not host:
        raise UsageError("name the target: --host http://127.0.0.1:3001, or --target FILE")
    if parsed.cast and not parsed.protocol:
        said["protocol"] = Cast.speakers(parsed.cast)[0]
    return Target.at(host, **said)
