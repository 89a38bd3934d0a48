"""How soon questions get their first answer: overall, in each region, and where it is urgent.

The aim of dongne is a first answer within ten minutes. Memory does not grow: there are sums only.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from protocols.contract import Json

SLOW_MS: Final = 600_000
"""A first answer that took longer alerts the admins and the webhook."""

REGIONS: Final = ("애월", "한림", "제주시", "조천", "구좌", "성산", "표선", "남원", "서귀포", "안덕", "대정")


@dataclass(slots=True)
class _Tally:
    """The questions of one kind. Rates are percentages of all that were asked: one without an answer counts too."""

    asked: int = 0
    answered: int = 0
    total_ms: int = 0
    within_1: int = 0
    within_5: int = 0
    within_10: int = 0

    def add(self, after_ms: int) -> None:
        self.answered += 1
        self.total_ms += after_ms
        self.within_1 += after_ms <= 60_000
        self.within_5 += after_ms <= 300_000
        self.within_10 += after_ms <= SLOW_MS

    @property
    def average_ms(self) -> int:
        return self.total_ms // self.answered if self.answered else 0

    def percent(self, answered: int) -> float:
        """Return a share of the questions asked, with one decimal."""
        return round(100 * answered / self.asked, 1) if self.asked else 0.0

    def to_json(self) -> dict[str, Json]:
        return {
            "questionCount": self.asked,
            "answeredCount": self.answered,
            "averageTime": self.average_ms,
            "under1MinCount": self.within_1,
            "under5MinCount": self.within_5,
            "under10MinCount": self.within_10,
            "under1MinRate": self.percent(self.within_1),
            "under5MinRate": self.percent(self.within_5),
            "under10MinRate": self.percent(self.within_10),
        }


class Statistics:
    """Counts questions and the first answer of each; whoever tells it of an answer knows that it is the first."""

    def __init__(self, regions: Iterable[str] = REGIONS) -> None:
        self._all = _Tally()
        self._urgent = _Tally()
        self._regions = {region: _Tally() for region in regions}

    def asked(self, region: str, urgent: bool) -> None:
        """Count a question; one from no known region counts overall alone."""
        for tally in self._tallies(region, urgent):
            tally.asked += 1

    def answered(self, region: str, urgent: bool, after_ms: int) -> None:
        """Count the first answer to a question, so many milliseconds after it was asked."""
        for tally in self._tallies(region, urgent):
            tally.add(after_ms)

    def region(self, region: str) -> Mapping[str, Json]:
        """Return all figures of one known region, in the shape of those in `snapshot`."""
        return self._regions[region].to_json()

    def snapshot(self) -> Mapping[str, Json]:
        """Return all figures: times in milliseconds, rates in percent of the questions asked.

        They bear the names of `metrics-update`: `overall`, `urgent` and each of `locationBasedResponseTime` (region ->
        figures) are `{questionCount, answeredCount, averageTime, under1MinCount, under5MinCount, under10MinCount,
        under1MinRate, under5MinRate, under10MinRate}`.
        """
        total = self._all
        return {
            "averageResponseTime": total.average_ms,
            "under1MinuteResponseRate": total.percent(total.within_1),
            "under5MinuteResponseRate": total.percent(total.within_5),
            "under10MinuteResponseRate": total.percent(total.within_10),
            "urgentQuestionResponseTime": self._urgent.average_ms,
            "overall": total.to_json(),
            "urgent": self._urgent.to_json(),
            "locationBasedResponseTime": {region: tally.to_json() for region, tally in self._regions.items()},
        }

    def _tallies(self, region: str, urgent: bool) -> list[_Tally]:
        tallies = [self._all, self._urgent] if urgent else [self._all]
        return [*tallies, self._regions[region]] if region in self._regions else tallies
