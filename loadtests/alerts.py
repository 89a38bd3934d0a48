"""How soon dongne alerts those nearby of a question: the contract cannot say whom, so it is timed beside the others."""

from collections import OrderedDict
from typing import Final, TypeAlias

from protocols.contract import Event
from protocols.dongne import CreateQuestion, NewQuestionNotification

_REMEMBERED: Final = 10_000
_FIRST: Final = "IMMEDIATE"
"""The priority of those who are told at once; later stages begin by the clock."""

Key: TypeAlias = tuple[str, float, float]


class Alerts:
    """The questions of a run, by what alerts say of them: the title, and where, to ten metres."""

    def __init__(self) -> None:
        self._due: OrderedDict[Key, int] = OrderedDict()

    def asked(self, event: Event, due_ns: int) -> None:
        """Note what somebody said, if it was a question."""
        if isinstance(event, CreateQuestion):
            self._due[_key(event.title, event.location.lat, event.location.lng)] = due_ns
            if len(self._due) > _REMEMBERED:
                self._due.popitem(last=False)

    def due_ns(self, event: Event | None) -> int | None:
        """Return when the question was due of which this is an alert of the first stage; None of all else."""
        if not isinstance(event, NewQuestionNotification) or event.priority != _FIRST:
            return None
        question = event.question
        return self._due.get(_key(question.title, question.location.lat, question.location.lng))


def _key(title: str, lat: float, lng: float) -> Key:
    return title, round(lat, 4), round(lng, 4)
