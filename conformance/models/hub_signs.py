"""What shows to whoever does the same that what somebody hears of `hub` is not all, or not in its order."""

from collections.abc import Sequence
from functools import partial

from conformance.person import Person
from conformance.symptom import Symptom, Test, fields_are, misplaced
from protocols import hub
from protocols.contract import Json


def handed_out(who: Person, ids: Sequence[str], came: Sequence[str]) -> list[Symptom]:
    """Return what shows that somebody is not handed out these, once each and in this order."""
    return misplaced(ids, came, partial(notified, who))


def notified(who: Person, notification_id: str) -> Symptom:
    """Return that somebody hears a notification."""
    return Symptom.heard(who, hub.Notification.event_name, Test(("id",), "is", notification_id), times=1)


def said_of(listener: Person, speaker: Person, line: str) -> Symptom:
    """Return that somebody hears what `line` says of a speaker: `message 7` or `message_read 7`."""
    assert speaker.identity is not None
    name, _, number = line.partition(" ")
    said: dict[str, Json] = (
        {"senderId": speaker.identity.id, "content": number}
        if name == hub.Message.event_name
        else {"userId": speaker.identity.id, "messageId": number}
    )
    return Symptom.heard(listener, name, *fields_are(said), times=1)


def first_wrong(wanted: Sequence[str], came: Sequence[str]) -> str:
    """Return where the order begins to be wrong, of two lists that are as long as each other."""
    return next(
        (f"{right} was due, and {wrong} came" for right, wrong in zip(wanted, came, strict=True) if right != wrong), ""
    )
