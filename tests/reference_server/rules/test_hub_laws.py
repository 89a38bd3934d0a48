"""Laws of the rules of hub: whatever comes in whatever order, presence is a function of the open sockets."""

from collections import Counter, defaultdict
from collections.abc import Callable

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from protocols import hub
from protocols.contract import Event

from .hub_stage import Stage, notice

USERS = ("mina", "jun")
SIDS = ("mina-1", "mina-2", "jun-1", "jun-2")
ROOMS = ("lounge", "attic")
WATCHER = "watcher"
sids, rooms = st.sampled_from(SIDS), st.sampled_from(ROOMS)


def user_of(sid: str) -> str:
    return sid.partition("-")[0]


class PresenceMachine(RuleBasedStateMachine):
    """Compares what somebody who hears everything believes with which sockets are open and where they are."""

    def __init__(self) -> None:
        super().__init__()
        self.stage = Stage(WATCHER)
        self.stage.join("lounge", WATCHER)
        self.stage.join("attic", WATCHER)
        self.open: dict[str, set[str]] = {}  # sid of the open sockets -> rooms it has joined
        self.online: set[str] = set()  # users whom the watcher believes to be online
        self.present: Counter[str] = Counter()  # user -> in how many of the two rooms the watcher believes it to be
        self.waiting: defaultdict[str, list[str]] = defaultdict(list)  # user -> titles of what it has yet to get

    def _step(self, step: Callable[[], object]) -> dict[str, list[Event]]:
        """Let something happen, let the watcher learn from it, and return what all others heard."""
        step()
        heard = self.stage.heard()
        for event in heard.pop(WATCHER, []):
            match event:
                case hub.PresenceUpdate(status="online"):
                    assert event.userId not in self.online, "came online twice"
                    self.online.add(event.userId)
                case hub.PresenceUpdate(status="offline"):
                    assert event.lastSeen
                    self.online.remove(event.userId)
                case hub.UserJoined():
                    self.present[event.userId] += 1
                case hub.UserLeft():
                    self.present[event.userId] -= 1
                case _:
                    pass
        assert heard.keys() <= self.open.keys(), "who is gone hears nothing"
        return heard

    @initialize()
    def begin_with_two(self) -> None:
        for sid in ("mina-1", "jun-1"):
            self.connect(sid)
            self.join(sid, "lounge")

    @rule(sid=sids)
    def connect(self, sid: str) -> None:
        is_new = sid not in self.open
        self.open.setdefault(sid, set())
        heard = self._step(lambda: self.stage.connect(sid))
        got = [event.title for event in heard.get(sid, []) if isinstance(event, hub.Notification)]
        assert got == (self.waiting.pop(user_of(sid), []) if is_new else [])

    @rule(sid=sids)
    def go(self, sid: str) -> None:
        self.open.pop(sid, None)
        self._step(lambda: self.stage.go(sid))

    @rule(sid=sids, room=rooms)
    def join(self, sid: str, room: str) -> None:
        if sid in self.open:
            self.open[sid].add(room)
        self._step(lambda: self.stage.say(sid, hub.JoinRoom(roomId=room)))

    @rule(sid=sids, room=rooms)
    def leave(self, sid: str, room: str) -> None:
        self.open.get(sid, set()).discard(room)
        self._step(lambda: self.stage.say(sid, hub.LeaveRoom(roomId=room)))

    @rule(sid=sids, room=rooms)
    def speak(self, sid: str, room: str) -> None:
        heard = self._step(lambda: self.stage.say(sid, hub.SendMessage(roomId=room, content="hi")))
        hearers = {s for s, events in heard.items() for event in events if isinstance(event, hub.Message)}
        allowed = room in self.open.get(sid, set())
        assert hearers == ({s for s, joined in self.open.items() if room in joined} if allowed else set())

    @rule(sid=sids, status=st.sampled_from(("online", "away")))
    def update(self, sid: str, status: str) -> None:
        # An `online` that is said is no coming, so the watcher learns nothing from it.
        before = set(self.online)
        self.online.discard(user_of(sid))
        heard = self._step(lambda: self.stage.say(sid, hub.UpdatePresence.model_validate({"value": status})))
        self.online = before
        others = {s for s in self.open if user_of(s) != user_of(sid)}
        assert set(heard) == (others if sid in self.open else set())

    @rule(user=st.sampled_from(USERS), title=st.sampled_from("ab"))
    def notify(self, user: str, title: str) -> None:
        heard = self._step(lambda: self.stage.order(notice(user, title)))
        own = {sid for sid in self.open if user_of(sid) == user}
        assert set(heard) == own
        if not own:
            self.waiting[user].append(title)

    @invariant()
    def presence_follows_from_the_sockets(self) -> None:
        assert self.online == {user_of(sid) for sid in self.open}
        for user in USERS:
            joined = {room for sid, joined in self.open.items() if user_of(sid) == user for room in joined}
            assert self.present[user] == len(joined)

    @invariant()
    def nothing_is_remembered_of_who_is_gone(self) -> None:
        rules = self.stage.rules
        assert rules._sockets.keys() == {*self.open, WATCHER}
        assert rules._users.keys() == {*map(user_of, self.open), WATCHER}
        for user in rules._users.values():
            assert all(count > 0 for count in user.present.values())


TestPresence = PresenceMachine.TestCase
TestPresence.settings = settings(max_examples=40, stateful_step_count=40, deadline=None)
