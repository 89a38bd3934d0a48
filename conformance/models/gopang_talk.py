"""What was said in gopang's conversations, how far each message has come, and what somebody has missed."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Final, cast

from pydantic import MISSING

from conformance.checks import Check
from conformance.expectation import Heard
from conformance.person import Person
from conformance.symptom import ACK, EACH, Path, Symptom, Test, fields_are, misplaced
from conformance.verdict import Broken
from protocols import gopang
from protocols.contract import Json
from simulators.received import Answer, Received

PAGE: Final = 100
"""Messages in one answer to `sync:request`."""
_NEW: Final = gopang.MessageNew.event_name
_SYNC: Final = gopang.MessagesSync.event_name
_IDS: Final[Path] = ("messages", EACH, "messageId")
_RANKS: Final = {"sent": 0, "delivered": 1, "read": 2}
_STAGES: Final = ("gopang:status processing", "message:status sent", "gopang:status completed")


@dataclass(eq=False, slots=True)
class Message:
    """Something that was said."""

    fields: Mapping[str, Json]
    """As `messages:sync` has it; without `timestamp` where nobody heard it."""
    is_delivered: bool | None
    """Whether a socket of another member has it; None where that is not sure."""
    readers: set[str] = field(default_factory=set)
    """Ids of the members other than its author who say that they have read it."""

    @property
    def id(self) -> str:
        """Which message."""
        return str(self.fields["messageId"])

    @property
    def author(self) -> str:
        """The id of the user who wrote it."""
        return str(self.fields["senderId"])

    @property
    def conversation(self) -> str:
        """Where it was said."""
        return str(self.fields["conversationId"])


class Talk:
    """All conversations that the cast has to do with."""

    def __init__(self) -> None:
        self.members_of: dict[str, dict[str, None]] = {}  # conversation id -> ids of its members
        self.storied: set[str] = set()
        """Conversations in which others were before, and may still be."""
        self.messages: dict[str, Message] = {}  # message id -> message, the oldest first
        self._progress: dict[tuple[Person, str], int] = {}  # socket, message id -> the status that it heard of last

    def is_member(self, user_id: str, conversation: str) -> bool:
        """Say whether a user is in a conversation."""
        return user_id in self.members_of.get(conversation, ())

    def keep(
        self,
        author: str,
        message_id: str,
        event: gopang.MessageSend,
        new: Mapping[str, Json],
        *,
        is_delivered: bool | None,
    ) -> None:
        """Remember a message, with its `message:new` where anybody heard that."""
        fields: dict[str, Json] = {
            "messageId": message_id,
            "conversationId": event.conversationId,
            "senderId": author,
            "content": event.content,
            "messageType": "text" if event.messageType is MISSING else event.messageType,
        }
        if new:
            fields["timestamp"] = new["timestamp"]
        self.messages[message_id] = Message(fields, is_delivered)

    def missed(self, user_id: str, event: gopang.SyncRequest) -> list[Message]:
        """Return what an answer to `sync:request` brings, as far as it is known."""
        messages = [message for message in self.messages.values() if self.is_member(user_id, message.conversation)]
        last = self.messages.get(event.lastMessageId) if isinstance(event.lastMessageId, str) else None
        if last is None:
            return [one for one in messages if one.author != user_id and user_id not in one.readers][:PAGE]
        order = {message_id: number for number, message_id in enumerate(self.messages)}
        return [one for one in messages if order[one.id] > order[last.id]][:PAGE]

    # ---- beyond the templates ----------------------------------------------------------------------------------

    def check_statuses(self, heard: Heard) -> Iterator[Broken]:
        """Check that no status goes back, and none comes again."""
        for listener in heard.by:
            for status in heard.payloads(listener, gopang.MessageStatus.event_name):
                key, rank = (listener, str(status["messageId"])), _RANKS.get(str(status["status"]), -1)
                if 0 <= rank <= self._progress.get(key, -1):
                    came = f"{listener} heard that {status['messageId']} is {status['status']} after that"
                    back = Broken("gopang/status/1", "the status of a message only moves forward", came)
                    is_said: dict[str, Json] = {name: status[name] for name in ("messageId", "status")}
                    yield back.shown(Symptom.heard(listener, gopang.MessageStatus.event_name, *fields_are(is_said)))
                self._progress[key] = max(rank, self._progress.get(key, -1))

    def check_sent(self, who: Person, event: gopang.MessageSend, heard: Heard) -> Iterator[Broken]:
        """Check the order of what the sender hears, and that everybody hears of the same message."""
        came = [name for name in map(named, heard.arrivals[who]) if name in (*_STAGES, "ack")]
        wanted = [*_STAGES, *(["ack"] if "ack" in came else [])]
        if came != wanted:
            broken = Broken("gopang/send/1", f"{who} hears {', '.join(wanted)}, in this order", ", ".join(came))
            yield broken.shown(*misplaced(wanted, came, partial(_one, who)))
        message_id = sent_id(who, heard)
        if message_id in self.messages:
            broken = Broken("gopang/send/2", "a message has an id of its own", f"{message_id} was another's already")
            again = fields_are({"messageId": message_id, "status": "sent"})
            yield broken.shown(Symptom.heard(who, gopang.MessageStatus.event_name, *again))
        if isinstance(heard.ack, gopang.MessageSendAck) and heard.ack.messageId != message_id:
            broken = Broken("gopang/send/2", f"the ack names {message_id}", f"{heard.ack.to_json().get('messageId')}")
            yield broken.shown(Symptom.told(who, ACK, ("messageId",), message_id))
        told = [(listener, new) for listener in heard.by for new in heard.payloads(listener, _NEW)]
        kind = "text" if event.messageType is MISSING else event.messageType
        for listener, new in told:
            if new["messageId"] != message_id:
                broken = Broken("gopang/send/3", f"message:new has the id {message_id}", str(new["messageId"]))
                yield broken.shown(Symptom.told(listener, _NEW, ("messageId",), message_id))
            if new["messageType"] != kind:
                broken = Broken("gopang/send/5", f"the messageType {kind}", str(new["messageType"]))
                yield broken.shown(Symptom.told(listener, _NEW, ("messageType",), kind))
            first = told[0][1]
            if new != first:
                name = next(name for name, value in first.items() if new.get(name) != value)
                broken = Broken("gopang/send/3", f"all hear the same message: {first}", str(new))
                yield broken.shown(Symptom.told(listener, _NEW, (name,), first[name]))

    def check_sync(
        self, who: Person, user_id: str, event: gopang.SyncRequest, answer: Mapping[str, Json], *, is_new: bool
    ) -> Iterator[Broken]:
        """Compare an answer with what the user has missed; `is_new` says that all about this user is known."""
        brought = cast("Sequence[Mapping[str, Json]]", answer["messages"])
        if answer["count"] != len(brought):
            yield Broken(
                "gopang/sync/5",
                f"count {len(brought)}, as the list is long",
                f"count {answer['count']}",
                check=Check.HISTORY_KEPT,
            ).shown(
                Symptom.heard(
                    who, _SYNC, Test(("count",), "is", answer["count"]), Test(("messages",), "is long", len(brought))
                )
            )
        for one in brought:
            conversation = str(one["conversationId"])
            if conversation in self.members_of and not self.is_member(user_id, conversation):
                yield Broken(
                    "gopang/sync/2",
                    f"messages of conversations that {user_id} is a member of",
                    str(one),
                    check=Check.HISTORY_KEPT,
                ).shown(Symptom.heard(who, _SYNC, Test(_IDS, "has", one["messageId"]), times=1))
            if str(one["messageId"]) not in self.messages and is_new and conversation not in self.storied:
                yield Broken("gopang/sync/2", "messages that were said", str(one), check=Check.HISTORY_KEPT)
        requirement = "gopang/sync/3" if event.lastMessageId in self.messages else "gopang/sync/4"
        ours = [one for one in brought if str(one["messageId"]) in self.messages]
        wanted = [message.fields for message in self.missed(user_id, event)]
        if len(brought) >= PAGE:
            wanted = wanted[: len(ours)]  # what the cast knows nothing of may have filled the page
        ids, came = [str(one["messageId"]) for one in wanted], [str(one["messageId"]) for one in ours]
        if ids != came:
            broken = Broken(requirement, f"{len(ids)} messages: {_few(ids)}", f"{len(came)} messages: {_few(came)}")
            yield broken.shown(Symptom.listed(who, _SYNC, _IDS, [*ids], [*came]))
        for fields, one in zip(wanted, ours, strict=False):
            if wrong := {name: one[name] for name, value in fields.items() if one[name] != value}:
                broken = Broken(requirement, f"the message as it was said: {dict(fields)}", f"it is told with {wrong}")
                name = next(iter(wrong))
                yield broken.shown(Symptom.told(who, _SYNC, ("messages", brought.index(one), name), fields[name]))


def _one(who: Person, named: str) -> Symptom:
    """Return that somebody hears what `named` names."""
    name, _, status = named.partition(" ")
    return Symptom.heard(
        who, ACK if name == "ack" else name, *fields_are({"status": status} if status else {}), times=1
    )


def sent_id(who: Person, heard: Heard) -> str:
    """Return the id of the message that somebody was told is sent in this step."""
    told = heard.payloads(who, gopang.MessageStatus.event_name)
    return str(next(status["messageId"] for status in told if status["status"] == "sent"))


def news(heard: Heard) -> list[Mapping[str, Json]]:
    """Return each `message:new` that anybody heard."""
    return [new for listener in heard.by for new in heard.payloads(listener, gopang.MessageNew.event_name)]


def named(arrival: Received | Answer) -> str:
    """Name what arrived as the contract does: an event with its status, or an ack."""
    if isinstance(arrival, Answer):
        return "ack"
    status = getattr(arrival.event, "status", "")
    return f"{arrival.name} {status}" if status else arrival.name


def _few(ids: Sequence[str]) -> str:
    """Name the first and the last of many."""
    return ", ".join(ids) if len(ids) <= 4 else f"{ids[0]}, {ids[1]} … {ids[-1]}"
