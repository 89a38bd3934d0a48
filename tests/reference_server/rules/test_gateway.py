"""Every promise of the contract that the rules of gateway keep, by plain calls."""

from collections import defaultdict
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocols import gateway
from protocols.contract import Event
from protocols.gateway import NewMessage
from reference_server.board import MemoryBoard
from reference_server.clock import ManualClock
from reference_server.effects import (
    Acknowledge,
    Command,
    Connected,
    Effect,
    Emit,
    Enter,
    Entry,
    Garbled,
    Gone,
    Note,
    Publish,
    Reply,
    Said,
    Stamp,
    Withdraw,
)
from reference_server.mode import Mode
from reference_server.rules import gateway_accounts, gateway_rooms
from reference_server.rules.gateway import Gateway
from reference_server.rules.gateway_commands import (
    Bearer,
    EnterRoom,
    FindAccount,
    KeepDigest,
    ListMembers,
    ListRooms,
    MakeRoom,
    MarkRead,
    ReadMessages,
    Register,
)
from reference_server.world import World
from reference_server.worlds.gateway import GatewayRoom, GatewayUser, GatewayWorld

NAMES = ("mina", "jun", "sora")
IDS = {name: f"00000000-0000-4000-8000-00000000000{n}" for n, name in enumerate(NAMES, 1)}
LOBBY, ATTIC, CELLAR = (f"00000000-0000-4000-9000-00000000000{n}" for n in (1, 2, 3))
NOWHERE = "00000000-0000-4000-9000-0000000000ff"
WORLD = World(
    gateway=GatewayWorld(
        users=tuple(GatewayUser(id=IDS[n], email=f"{n}@example.org", password=f"{n}-secret") for n in NAMES),
        rooms=(
            GatewayRoom(id=LOBBY, name="Lobby"),
            GatewayRoom(id=ATTIC, name="Attic", members=("Mina@example.org", "jun@example.org")),
            GatewayRoom(id=CELLAR, name="Cellar", members=()),
        ),
    )
)
START_MS = 1_700_000_000_123
ACK = 7


def cid(number: int) -> str:
    return f"00000000-0000-4000-a000-{number:012}"


def message(number: int = 1, room: str = LOBBY, content: str = "안녕", **fields: Any) -> gateway.SendMessage:
    return gateway.SendMessage(roomId=room, clientMsgId=cid(number), content=content, **fields)


def bearer(name: str) -> Bearer:
    return Bearer(IDS[name], f"{name}@example.org")


class Paper:
    """The rules of one server, the sockets in front of them, and a board beside them; all on paper."""

    def __init__(self, **options: Any) -> None:
        self.rules = Gateway(WORLD, Mode.PRODUCTION, **options)
        self.clock = ManualClock(START_MS)
        self.board = MemoryBoard(self.clock)
        self.skew_ms = 0  # how far the stamps' time is from the clock's
        self.rooms: defaultdict[str, set[str]] = defaultdict(set)
        self.heard: defaultdict[str, list[NewMessage]] = defaultdict(list)  # sid -> everything it heard
        self.acks: list[Acknowledge] = []
        self._entries = 0

    def enter(self, entry: Entry) -> list[Effect]:
        self._entries += 1
        stamp = Stamp(self.clock.now_ms() + self.skew_ms, self._entries.to_bytes(8, "big"))
        effects = list(self.rules.handle(entry, stamp))
        for effect in effects:
            match effect:
                case Enter():
                    self.rooms[effect.room].add(effect.sid)
                case Emit():
                    event = effect.event
                    assert isinstance(event, NewMessage)
                    assert gateway.PROTOCOL.faults("NewMessage", event.to_json()) == []
                    for sid in self.rooms[effect.room]:
                        self.heard[sid].append(event)
                case Publish():
                    self.board.publish(effect.key, effect.value, effect.ttl_s, effect.field)
                case Withdraw():
                    self.board.withdraw(effect.key, effect.field)
                case Acknowledge():
                    self.acks.append(effect)
        return effects

    def connect(self, *names: str, join: str = "") -> None:
        """Connect users, each through a socket of its own name; `mina/2` is another of mina's."""
        for name in names:
            user = name.partition("/")[0]
            self.enter(Connected(name, claims={"sub": IDS[user], "email": f"{user}@example.org"}))
            if join:
                assert self.ask(name, gateway.JoinRoom(roomId=join)) == {"success": True}

    def ask(self, sid: str, event: Event) -> Mapping[str, object]:
        """Say something, and return its ack."""
        self.acks.clear()
        self.enter(Said(sid, event, ack=ACK))
        return self.answer(sid)

    def answer(self, sid: str) -> Mapping[str, object]:
        [given] = self.acks
        assert (given.sid, given.ack) == (sid, ACK)
        return given.value.to_json()

    def order(self, command: Command) -> Reply:
        [reply] = self.enter(command)
        assert isinstance(reply, Reply)
        return reply

    def history(self, room: str = LOBBY, limit: int = 100, name: str = "mina", **cursors: str) -> list[Any]:
        read = ReadMessages(bearer(name), room, cursors.get("after", ""), cursors.get("before", ""), limit)
        found = self.order(read).value["messages"]
        assert isinstance(found, list)
        return found

    def read(self, name: str) -> Mapping[str, object]:
        return self.board.read(f"presence:user:{IDS[name]}")


@pytest.fixture
def paper() -> Paper:
    return Paper()


def test_who_has_come_in_is_trusted_however_soon_the_token_ends(paper: Paper) -> None:
    claims = {"sub": IDS["mina"], "email": "mina@example.org"}
    assert [type(effect) for effect in paper.enter(Connected("mina", claims=claims, expires_in_ms=1))] == [Publish]
    paper.clock.advance(10_000_000)
    assert paper.ask("mina", message())["status"] == "ACCEPTED"


# ---- rooms -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("room", [CELLAR, NOWHERE])
def test_who_is_no_member_neither_joins_nor_speaks(paper: Paper, room: str) -> None:
    paper.connect("mina")
    paper.rooms[f"room:{room}"].add("somebody")
    joined = paper.ask("mina", gateway.JoinRoom(roomId=room))
    assert joined["success"] is False
    assert joined["error"]
    sent = paper.ask("mina", message(room=room))
    assert (sent["status"], sent["clientMsgId"]) == ("FAILED", cid(1))
    assert sent["error"]
    assert paper.rooms[f"room:{room}"] == {"somebody"}
    assert paper.heard == {}


def test_trying_makes_nobody_a_member_and_entering_over_http_does(paper: Paper) -> None:
    paper.connect("sora")
    for _ in range(2):
        assert paper.ask("sora", gateway.JoinRoom(roomId=ATTIC))["success"] is False
    assert paper.order(ReadMessages(bearer("sora"), ATTIC, "", "", 1)).status == 403
    assert paper.order(EnterRoom(bearer("sora"), ATTIC)) == Reply({"id": ATTIC, "name": "Attic"})
    assert paper.ask("sora", gateway.JoinRoom(roomId=ATTIC)) == {"success": True}


def test_joining_twice_does_not_double_deliveries(paper: Paper) -> None:
    paper.connect("mina", join=LOBBY)
    assert paper.ask("mina", gateway.JoinRoom(roomId=LOBBY)) == {"success": True}
    paper.ask("mina", message())
    assert len(paper.heard["mina"]) == 1


# ---- messages --------------------------------------------------------------------------------------------------------


def test_a_message_is_acked_first_and_then_told_to_all_who_joined(paper: Paper) -> None:
    paper.connect("mina", "jun", join=LOBBY)
    paper.connect("sora")
    paper.acks.clear()
    effects = paper.enter(Said("mina", message(content="a picture", type="IMAGE"), ack=ACK))
    assert [type(effect) for effect in effects] == [Acknowledge, Emit]
    assert paper.answer("mina") == {"clientMsgId": cid(1), "status": "ACCEPTED"}
    [told] = paper.heard["jun"]
    assert paper.heard["mina"] == [told]
    assert paper.heard["sora"] == []
    assert told.to_json() == {
        "messageId": told.messageId,
        "roomId": LOBBY,
        "senderId": IDS["mina"],
        "clientMsgId": cid(1),
        "type": "IMAGE",
        "content": "a picture",
        "createdAt": "2023-11-14T22:13:20.123Z",
    }
    assert paper.history() == [told.to_json()]


def test_a_message_without_a_type_is_text_and_its_sender_need_not_have_joined(paper: Paper) -> None:
    paper.connect("mina")
    paper.connect("jun", join=LOBBY)
    assert paper.ask("mina", message())["status"] == "ACCEPTED"
    assert [told.type for told in paper.heard["jun"]] == ["TEXT"]
    assert paper.heard["mina"] == []


def test_a_message_sent_again_is_accepted_again_and_the_first_content_stays(paper: Paper) -> None:
    paper.connect("mina", "mina/2", "jun", join=LOBBY)
    paper.ask("mina", message(content="first"))
    for sid, content in (("mina", "first"), ("mina", "second"), ("mina/2", "third")):
        assert paper.ask(sid, message(content=content)) == {"clientMsgId": cid(1), "status": "ACCEPTED"}
    assert [told.content for told in paper.heard["jun"]] == ["first"]
    assert [kept["content"] for kept in paper.history()] == ["first"]


def test_a_client_msg_id_is_of_one_sender_in_one_room(paper: Paper) -> None:
    paper.connect("mina", "jun")
    for sid, room in (("mina", LOBBY), ("jun", LOBBY), ("mina", ATTIC)):
        assert paper.ask(sid, message(room=room))["status"] == "ACCEPTED"
    assert [kept["senderId"] for kept in paper.history()] == [IDS["mina"], IDS["jun"]]
    assert len(paper.history(ATTIC)) == 1


def test_no_ack_is_given_where_none_is_asked_for(paper: Paper) -> None:
    paper.connect("mina", join=LOBBY)
    paper.acks.clear()
    for event in (gateway.JoinRoom(roomId=CELLAR), message(), message(), gateway.Heartbeat()):
        paper.enter(Said("mina", event))
    paper.enter(Garbled("mina", "sendMessage", "wrong"))
    assert paper.acks == []
    assert len(paper.heard["mina"]) == 1


@pytest.mark.parametrize(
    ("event_name", "texts", "ack"),
    [
        ("sendMessage", {"clientMsgId": "abc"}, {"clientMsgId": "abc", "status": "FAILED", "error": "wrong"}),
        ("sendMessage", {}, {"clientMsgId": "", "status": "FAILED", "error": "wrong"}),
        ("joinRoom", {}, {"success": False, "error": "wrong"}),
        ("heartbeat", {}, {"success": False, "error": "wrong"}),
        ("no:such:event", {}, {"success": False, "error": "wrong"}),
    ],
)
def test_what_breaks_the_contract_is_told_to_its_sender_alone(
    paper: Paper, event_name: str, texts: dict[str, str], ack: dict[str, object]
) -> None:
    paper.connect("mina", "jun", join=LOBBY)
    paper.acks.clear()
    effects = paper.enter(Garbled("mina", event_name, "wrong", ACK, texts))
    assert paper.answer("mina") == ack
    assert [type(effect) for effect in effects] == [Acknowledge, Note]
    assert paper.history() == []


def test_a_reason_of_any_length_and_kind_fits_an_ack(paper: Paper) -> None:
    paper.connect("mina")
    for reason in ("", "x" * 10_000, "\ud800"):
        paper.acks.clear()
        paper.enter(Garbled("mina", "joinRoom", reason, ACK))
        assert gateway.PROTOCOL.faults("Outcome", paper.answer("mina")) == []


def test_who_is_gone_or_never_came_is_not_answered(paper: Paper) -> None:
    paper.connect("mina")
    paper.enter(Gone("mina"))
    for sid in ("mina", "nobody"):
        assert paper.enter(Said(sid, message(), ack=ACK)) == []
        assert paper.enter(Garbled(sid, "sendMessage", "wrong", ACK)) == []
        assert paper.enter(Gone(sid)) == []
    assert paper.history() == []


SENDS = st.lists(
    st.tuples(
        st.sampled_from(["mina", "jun", "mina/2"]),
        st.sampled_from([LOBBY, ATTIC, CELLAR]),
        st.integers(1, 4),  # which clientMsgId
        st.sampled_from([-5000, -1, 0, 0, 1, 3]),  # how the clock moves
    ),
    max_size=30,
)


@given(sends=SENDS, limit=st.integers(1, 7))
def test_messages_rise_in_the_order_of_delivery_and_pages_give_each_once(
    sends: list[tuple[str, str, int, int]], limit: int
) -> None:
    paper = Paper()
    paper.connect("mina", "jun", "mina/2")
    paper.connect("sora", "sora/2", join=LOBBY)
    accepted: dict[tuple[str, int], None] = {}
    for sid, room, number, step_ms in sends:
        paper.skew_ms = max(-START_MS, paper.skew_ms + step_ms)
        status = paper.ask(sid, message(number, room, content=sid))["status"]
        assert status == ("FAILED" if room == CELLAR else "ACCEPTED")
        if room == LOBBY:
            accepted[IDS[sid.partition("/")[0]], number] = None
    told = paper.heard["sora"]
    assert [(each.senderId, each.clientMsgId) for each in told] == [(user, cid(number)) for user, number in accepted]
    assert paper.heard["sora/2"] == told
    ids = [each.messageId for each in told]
    assert ids == sorted(set(ids))

    whole = [each.to_json() for each in told]
    forward: list[Any] = []
    while page := paper.history(limit=limit, after=forward[-1]["messageId"] if forward else "0" * 26):
        forward += page
    backward: list[Any] = []
    cursor: dict[str, str] = {}
    while page := paper.history(limit=limit, **cursor):
        backward, cursor = page + backward, {"before": page[0]["messageId"]}
    assert forward == backward == whole
    if len(ids) > 2:
        assert paper.history(limit=limit, after=ids[0], before=ids[-1]) == whole[1:-1][:limit]
    assert paper.history(after="7" + "Z" * 25) == paper.history(before="0" * 26) == []


@pytest.mark.parametrize("bound", [{"max_messages": 3}, {"max_characters": 6}])
def test_beyond_its_bounds_the_oldest_of_the_server_is_forgotten(bound: dict[str, int]) -> None:
    paper = Paper(**bound)
    paper.connect("mina", join=LOBBY)
    for number, room in enumerate([LOBBY, ATTIC, LOBBY, LOBBY, ATTIC], 1):
        paper.ask("mina", message(number, room))  # of two characters each
    assert [kept["clientMsgId"] for kept in paper.history()] == [cid(3), cid(4)]
    assert [kept["clientMsgId"] for kept in paper.history(ATTIC)] == [cid(5)]
    paper.ask("mina", message(1))  # is not known as said before, and comes last
    assert [told.clientMsgId for told in paper.heard["mina"]] == [cid(1), cid(3), cid(4), cid(1)]
    ids = [told.messageId for told in paper.heard["mina"]]
    assert ids == sorted(ids)


# ---- presence --------------------------------------------------------------------------------------------------------


def test_a_user_is_online_while_any_of_the_sockets_is(paper: Paper) -> None:
    paper.connect("mina", "mina/2")
    place = {"serverId": "rehearsal", "connectedAt": "2023-11-14T22:13:20.123Z"}
    assert paper.read("mina") == {"mina": place, "mina/2": place}
    paper.enter(Gone("mina"))
    assert paper.read("mina") == {"mina/2": place}
    paper.enter(Gone("mina/2"))
    assert paper.read("mina") == {}


def test_heartbeats_keep_a_user_online_and_without_them_presence_ends(paper: Paper) -> None:
    paper.connect("mina")
    paper.connect("jun")
    for _ in range(5):
        paper.clock.advance(59_000)
        assert paper.ask("mina", gateway.Heartbeat()) == {"success": True}
    assert list(paper.read("mina")) == ["mina"]
    assert paper.read("jun") == {}
    paper.clock.advance(59_999)
    assert list(paper.read("mina")) == ["mina"]
    paper.clock.advance(1)
    assert paper.read("mina") == {}
    paper.ask("mina", gateway.Heartbeat())
    assert paper.read("mina") == {"mina": {"serverId": "rehearsal", "connectedAt": "2023-11-14T22:13:20.123Z"}}


# ---- accounts --------------------------------------------------------------------------------------------------------


def test_an_account_is_found_in_whatever_case_its_email_is_written(paper: Paper) -> None:
    made = paper.order(Register("Gil@Example.org", "aa", "bb"))
    assert (made.status, made.value["email"]) == (201, "Gil@Example.org")
    found = paper.order(FindAccount("gIL@example.ORG"))
    assert found.value == {**made.value, "salt": "aa", "digest": "bb"}
    assert paper.order(Register("gil@example.org", "cc", "dd")).status == 409
    assert paper.order(Register("MINA@example.org", "cc", "dd")).status == 409
    assert paper.order(FindAccount("nobody@example.org")).status == 404


def test_a_password_of_the_world_is_kept_as_a_digest_once_there_is_one(paper: Paper) -> None:
    who = {"id": IDS["mina"], "email": "mina@example.org"}
    assert paper.order(FindAccount("mina@example.org")).value == {**who, "password": "mina-secret"}
    assert paper.order(KeepDigest("mina@example.org", "aa", "bb")).status == 200
    assert paper.order(FindAccount("mina@example.org")).value == {**who, "salt": "aa", "digest": "bb"}
    assert paper.order(KeepDigest("nobody@example.org", "aa", "bb")).status == 404


# ---- rooms over HTTP -------------------------------------------------------------------------------------------------


def test_whoever_makes_a_room_is_its_first_member(paper: Paper) -> None:
    made = paper.order(MakeRoom(bearer("sora"), "Roof"))
    assert made.status == 201
    room_id = str(made.value["id"])
    assert paper.order(ListRooms(bearer("sora"))).value["rooms"] == [{"id": LOBBY, "name": "Lobby"}, made.value]
    assert paper.order(ListRooms(bearer("jun"))).value["rooms"] == [
        {"id": LOBBY, "name": "Lobby"},
        {"id": ATTIC, "name": "Attic"},
    ]
    for _ in range(2):
        assert paper.order(EnterRoom(bearer("jun"), room_id)).status == 200
    assert paper.order(ListMembers(bearer("jun"), room_id)).value == {
        "members": [{"id": IDS[name], "email": f"{name}@example.org"} for name in ("sora", "jun")]
    }


@pytest.mark.parametrize(("room", "status"), [(LOBBY, 200), (CELLAR, 403), (NOWHERE, 404)])
def test_a_room_is_shown_to_its_members_alone(paper: Paper, room: str, status: int) -> None:
    paper.connect("mina")
    paper.ask("mina", message())
    [kept] = paper.history()
    mina = bearer("mina")
    for command in (
        ListMembers(mina, room),
        ReadMessages(mina, room, "", "", 1),
        MarkRead(mina, room, kept["messageId"]),
    ):
        assert paper.order(command).status == status


def test_how_far_somebody_has_read_never_goes_back(paper: Paper) -> None:
    paper.connect("mina")
    for number in (1, 2):
        paper.ask("mina", message(number))
    first, second = (kept["messageId"] for kept in paper.history())
    for marked, furthest in ((first, first), (second, second), (first, second)):
        assert paper.order(MarkRead(bearer("jun"), LOBBY, marked)) == Reply({"lastReadMessageId": furthest})
    assert paper.order(MarkRead(bearer("jun"), LOBBY, "0" * 26)).status == 404
    assert paper.order(MarkRead(bearer("jun"), LOBBY, "7" + "Z" * 25)).status == 404
    assert paper.order(MarkRead(bearer("jun"), ATTIC, first)).status == 404


@pytest.mark.parametrize(
    ("bound", "value", "order"),
    [
        ("MAX_ROOMS", 3, MakeRoom(bearer("sora"), "Roof")),
        ("MAX_ROOMS_OF_USER", 1, MakeRoom(bearer("sora"), "Roof")),
        ("MAX_ROOMS_OF_USER", 1, EnterRoom(bearer("sora"), ATTIC)),
        ("MAX_MEMBERS", 2, EnterRoom(bearer("sora"), ATTIC)),
        ("MAX_MEMBERSHIPS", 5, EnterRoom(bearer("sora"), ATTIC)),
    ],
)
def test_rooms_and_members_have_an_end(
    paper: Paper, monkeypatch: pytest.MonkeyPatch, bound: str, value: int, order: Command
) -> None:
    monkeypatch.setattr(gateway_rooms, bound, value)
    assert paper.order(order).status == 409
    assert [room["name"] for room in _list(paper, "sora")] == ["Lobby"]
    monkeypatch.setattr(gateway_rooms, bound, value + 1)
    assert paper.order(order).status in (200, 201)


def test_accounts_have_an_end(paper: Paper, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gateway_accounts, "MAX_ACCOUNTS", 4)
    assert paper.order(Register("a@example.org", "aa", "bb")).status == 201
    assert paper.order(Register("b@example.org", "aa", "bb")).status == 503


def _list(paper: Paper, name: str) -> list[Any]:
    rooms = paper.order(ListRooms(bearer(name))).value["rooms"]
    assert isinstance(rooms, list)
    return rooms


# ---- the world -------------------------------------------------------------------------------------------------------

_MINA = {"id": IDS["mina"], "email": "mina@example.org", "password": "mina-secret"}
_ROOM = {"id": LOBBY, "name": "Lobby"}


@pytest.mark.parametrize(
    ("world", "complaint"),
    [
        ({"users": [_MINA, {**_MINA, "id": IDS["jun"], "email": "MINA@example.org"}]}, "email mina@example.org"),
        ({"users": [_MINA, {**_MINA, "email": "jun@example.org"}]}, "id of a user"),
        ({"users": [{**_MINA, "email": "nowhere"}]}, "email address"),
        ({"users": [{**_MINA, "id": "mina"}]}, "UUID"),
        ({"users": [{**_MINA, "password": "short"}]}, "6 characters"),
        ({"rooms": [_ROOM, _ROOM]}, "id of a room"),
        ({"rooms": [_ROOM] * 201}, "200 items"),
        ({"rooms": [{**_ROOM, "members": ["mina@example.org"]}]}, "no user has the email"),
    ],
)
def test_a_world_that_cannot_be_is_refused(world: dict[str, Any], complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        GatewayWorld.model_validate(world)
