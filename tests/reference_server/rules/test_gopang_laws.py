"""What holds of the rules of gopang whatever is said, in whatever order."""

from collections.abc import Sequence

from hypothesis import given, settings
from hypothesis import strategies as st

from protocols import gopang
from protocols.contract import Event
from reference_server.effects import Emit
from reference_server.mode import Mode
from reference_server.rules.gopang import Gopang
from reference_server.rules.gopang_commands import ReadAccount
from reference_server.rules.gopang_messages import CAPACITY, PAGE, RECENT_MS, Message, Messages, Progress

from .gopang_stage import USERS, WORLD, Stage, send

NOW_MS = 1_700_000_000_000


def message(number: int, conversation_id: str = "c", sender_id: str = "mina", sent_ms: int = NOW_MS) -> Message:
    return Message(f"m{number}", conversation_id, sender_id, f"{sender_id}@example.org", "hi", "text", sent_ms)


# ---- synchronisation -------------------------------------------------------------------------------------------------


def pages(messages: Messages, last_id: str = "", now_ms: int = NOW_MS) -> list[list[Message]]:
    """Ask as jun, who is in `c` and `d`, for what is after the last of each answer, until nothing comes."""
    found: list[list[Message]] = []
    while page := messages.missed("jun", {"c", "d"}.__contains__, last_id, now_ms):
        found.append(page)
        last_id = page[-1].id
    return found


@given(
    st.lists(st.tuples(st.sampled_from("cde"), st.sampled_from(["mina", "jun"])), max_size=40),
    st.integers(min_value=-1, max_value=40),
    st.integers(min_value=1, max_value=8),
)
def test_asking_again_and_again_loses_nothing_and_brings_nothing_twice(
    said: Sequence[tuple[str, str]], after: int, repeats: int
) -> None:
    messages, kept = Messages(), [message(n, *each) for n, each in enumerate([*said] * repeats)]
    for each in kept:
        messages.keep(each)
    own = [each for each in kept if each.conversation_id != "e"]
    if -1 < after < len(kept):
        expected = [each for each in own if kept.index(each) > after]
    else:  # what is unread, and from its first page on all that follows
        unread = [each for each in own if each.sender_id != "jun"]
        first = unread[:PAGE]
        expected = first + [each for each in own if first and kept.index(each) > kept.index(first[-1])]
    found = pages(messages, f"m{after}")
    assert [each for page in found for each in page] == expected
    assert all(len(page) == PAGE for page in found[1:-1])


def test_a_page_is_full_before_there_is_another() -> None:
    messages = Messages()
    for number in range(2 * PAGE + 1):
        messages.keep(message(number))
    assert [len(page) for page in pages(messages, "m0")] == [PAGE, PAGE]
    assert [len(page) for page in pages(messages)] == [PAGE, PAGE, 1]


def test_without_the_last_message_it_is_what_is_recent_of_others_and_unread() -> None:
    messages = Messages()
    old, recent = message(1, sent_ms=NOW_MS - RECENT_MS - 1), message(2, sent_ms=NOW_MS - RECENT_MS)
    own, read, unread, elsewhere = message(3, sender_id="jun"), message(4), message(5), message(6, "e")
    read.readers.add("jun")
    unread.readers.add("sora")
    for each in (old, recent, own, read, unread, elsewhere):
        messages.keep(each)
    everything = [old, recent, own, read, unread]

    def missed(last_id: str) -> list[Message]:
        return messages.missed("jun", {"c", "d"}.__contains__, last_id, NOW_MS)

    assert missed("") == missed("no such message") == [recent, unread]
    assert missed("m1") == everything[1:]
    assert missed("m6") == []


def test_the_oldest_message_makes_room_for_the_newest() -> None:
    messages = Messages(capacity=3)
    for number in range(5):
        messages.keep(message(number))
    assert [messages.get(f"m{number}") is not None for number in range(5)] == [False, False, True, True, True]
    assert CAPACITY > PAGE


@given(st.lists(st.sampled_from(Progress)))
def test_a_message_only_moves_forward(steps: Sequence[Progress]) -> None:
    one = message(1)
    told = [step for step in steps if one.advance(step)]
    assert told == sorted(set(told))
    assert one.progress == max([Progress.SENT, *steps])


# ---- everything together ---------------------------------------------------------------------------------------------

_SIDS = st.sampled_from([f"{user}-{n}" for user in USERS for n in range(5)])
_ID = st.sampled_from(["duo", "desk", "open", "vault-mina", "vault-jun", *USERS])
_EVENTS: st.SearchStrategy[Event] = st.one_of(
    st.builds(gopang.ConversationJoin, value=_ID),
    st.builds(gopang.ConversationLeave, value=_ID),
    st.builds(gopang.Ping),
    st.builds(send, st.text(min_size=1, max_size=5), _ID),
    st.builds(gopang.SyncRequest),
    st.builds(gopang.TransactionCreate, receiverId=_ID, amount=st.sampled_from([-1, 0, 0.5, 1, 700_000, 1e300])),
    st.builds(gopang.OpenhashVerifyRequest, value=st.sampled_from(["x", "é" * 64, "0" * 64])),
    st.builds(
        gopang.VaultAccess,
        vaultId=_ID,
        drawerId=st.sampled_from(["money", "no"]),
        action=st.sampled_from(["read", "write", "list"]),
    ),
)
_DEEDS = st.lists(st.tuples(_SIDS, st.one_of(st.just("connect"), st.just("go"), st.just("wait"), _EVENTS)), max_size=40)


def _id_heard(stage: Stage) -> str:
    """Return the id of the last message or transaction that anybody heard of."""
    events = [effect.event for effect in reversed(stage.effects) if isinstance(effect, Emit)]
    ids = (getattr(event, "messageId", None) or getattr(event, "transactionId", None) for event in events)
    return next((each for each in ids if each), "none")


@settings(max_examples=60)
@given(_DEEDS)
def test_whatever_is_said_the_books_are_right(deeds: Sequence[tuple[str, str | Event]]) -> None:
    """Nothing raises; what is emitted is valid and goes to who is there; and none of the laws below is broken."""
    stage = Stage()
    stage.gather("mina-0", "jun-0", "jun-1")
    stage.gather("sora-0", "jun-0", "mina-1", conversation_id="open")
    for sid, deed in deeds:
        match deed:
            case "connect":
                if sid not in stage.rooms:
                    stage.connect(sid, expires_in_ms=1000)
            case "go":
                stage.go(sid)
            case "wait":
                stage.wait(300)
            case Event():
                stage.say(sid, deed, ack=True)
                last = _id_heard(stage)
                stage.say(sid, gopang.MessageRead(value=last))
                stage.say(sid, gopang.TransactionCancel(value=last))
        health = stage.rules.health()
        users = [sid.partition("-")[0] for sid in stage.rooms]
        assert health == {"totalUsers": len(set(users)), "totalConnections": len(users)}
        assert all(users.count(user) <= 3 for user in USERS)
    stage.wait(10_000)
    balances = [stage.order(ReadAccount(user, f"{user}@example.org")).value["balance"] for user in USERS]
    assert sum(each for each in balances if isinstance(each, int)) == len(USERS) * 1_000_000
    assert all(isinstance(each, int) and each >= 0 for each in balances)


@settings(max_examples=20)
@given(_DEEDS)
def test_the_same_entries_give_the_same_effects(deeds: Sequence[tuple[str, str | Event]]) -> None:
    def play() -> Stage:
        stage = Stage(Gopang(WORLD, Mode.PRODUCTION))
        stage.connect("mina-9", "jun-9")
        for sid, deed in deeds:
            if isinstance(deed, Event):
                stage.say(f"{sid.partition('-')[0]}-9", deed, ack=True)
        stage.wait(10_000)
        return stage

    assert play().effects == play().effects
