"""The notification centre: by which channels somebody hears of something, how often each is tried, and what came of it.

Every channel has the same life: it is tried, and where that fails tried three times more, after pauses that double. The
socket fails while its user is offline; push, email and sms go through the outbox, which makes one attempt each time and
says how it went by a `Receipt`. So all there is to know of a delivery is state of the rules, and whoever reads the same
journal goes on where another instance ended.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import IntEnum, StrEnum
from typing import Final, Literal, Self, TypeAlias

from protocols.contract import Json
from protocols.dongne import Notification, NotificationData
from reference_server.effects import Command, Delivery, Effect, Emit, Later, Note, Notify, Receipt, Stamp
from reference_server.rules.dongne_moment import moment
from reference_server.worlds.dongne import DongneUser

RETRIES: Final = 3
"""How often a channel is tried again (`notice/2`); four attempts all in all."""
FIRST_PAUSE_MS: Final = 1000
"""Before the first retry; doubled before each further one."""
LOW_DELAY_MS: Final = 1000
"""What is low waits as long before its first attempt, as in the source's queue; all else goes out at once."""
HISTORY: Final = 100
"""Notifications remembered of each user; the oldest go first, and what was still to be tried of them goes too."""

UNDELIVERED: Final = "E4002"

Sound: TypeAlias = Literal["urgent", "normal", "silent"]


class Priority(IntEnum):
    """How much it matters, from an emergency to a word of the system's."""

    CRITICAL = 1
    HIGH = 2
    NORMAL = 3
    LOW = 4


SOUNDS: Final[Mapping[Priority, Sound]] = {
    Priority.CRITICAL: "urgent",
    Priority.HIGH: "urgent",
    Priority.NORMAL: "normal",
    Priority.LOW: "silent",
}


class Channel(StrEnum):
    """A way to a user. All but the socket are names of the outbox too."""

    SOCKET = "socket"
    PUSH = "push"
    EMAIL = "email"
    SMS = "sms"


class State(StrEnum):
    """How far a notification has come by one channel."""

    WAITING = "waiting"
    """The next attempt is planned."""
    UNDER_WAY = "under-way"
    """The outbox has it."""
    DELIVERED = "delivered"
    FAILED = "failed"
    """Given up."""


@dataclass(frozen=True, slots=True)
class NotificationSettings:
    """What a user wants to hear."""

    immediate_alerts: bool = True
    """Whether to be among the first who are alerted of a new question nearby."""
    channels: frozenset[Channel] = frozenset({Channel.SOCKET, Channel.PUSH})
    """The only ways by which they are notified."""

    def to_json(self) -> dict[str, Json]:
        """Return them under the contract's names, channels in the order of `Channel`."""
        return {
            "immediateAlerts": self.immediate_alerts,
            "channels": [channel.value for channel in Channel if channel in self.channels],
        }


@dataclass(frozen=True, slots=True)
class Recipient:
    """A user, as far as the centre knows."""

    id: str
    settings: NotificationSettings = NotificationSettings()
    addresses: Mapping[Channel, str] = field(default_factory=dict)
    """Where push, email and sms reach them; a channel without an address reaches nobody."""

    @classmethod
    def of(cls, user: DongneUser) -> Self:
        """Take a user from the world."""
        wishes = user.notification_settings
        addresses = {Channel.PUSH: user.device_token, Channel.EMAIL: user.email, Channel.SMS: user.phone}
        return cls(
            id=user.id,
            settings=NotificationSettings(wishes.immediate_alerts, frozenset(map(Channel, wishes.channels))),
            addresses={channel: address for channel, address in addresses.items() if address},
        )


@dataclass(frozen=True, slots=True)
class Errand:
    """One notification to one user by one channel."""

    user_id: str
    notice_id: str
    channel: Channel


@dataclass(frozen=True, slots=True)
class CenterCommand(Command):
    """A command that `Center.handle` understands."""


@dataclass(frozen=True, slots=True)
class Attempt(CenterCommand):
    """Try, for the first time or again."""

    errand: Errand


@dataclass(frozen=True, slots=True)
class Attempted(CenterCommand, Receipt):
    """The outbox has tried."""

    errand: Errand


@dataclass(slots=True)
class _Progress:
    """How far a notification has come by one channel."""

    state: State = State.WAITING
    attempts: int = 0


@dataclass(slots=True)
class _Notice:
    """One notification to one user."""

    event: Notification
    progress: dict[Channel, _Progress]

    def to_json(self) -> dict[str, Json]:
        deliveries = [
            {"channel": channel.value, "state": progress.state.value, "attempts": progress.attempts}
            for channel, progress in self.progress.items()
        ]
        return {**self.event.to_json(), "deliveries": deliveries}


@dataclass(slots=True)
class _Mailbox:
    """What the centre keeps of one user."""

    recipient: Recipient
    notices: deque[_Notice] = field(default_factory=lambda: deque(maxlen=HISTORY))

    def find(self, notice_id: str) -> _Notice | None:
        """Return a notification that is still remembered; those who look are about the latest ones."""
        return next((notice for notice in reversed(self.notices) if notice.event.id == notice_id), None)


@dataclass(frozen=True, slots=True)
class _Job:
    """An errand, with everything it is about."""

    errand: Errand
    recipient: Recipient
    event: Notification
    progress: _Progress


_Step: TypeAlias = Callable[[_Job], Iterator[Effect]]


class Center:
    """Notifies the users of one world; anybody else is unknown, and notified of nothing."""

    def __init__(self, recipients: Iterable[Recipient], is_online: Callable[[str], bool]) -> None:
        """Take in everybody who may be notified; `is_online` says of a user id whether a socket of theirs is there."""
        self._mailboxes = {recipient.id: _Mailbox(recipient) for recipient in recipients}
        self._is_online = is_online
        self._sent = 0

    def send(
        self,
        user_id: str,
        type: str,  # noqa: A002  # the contract's name of it
        title: str,
        message: str,
        data: NotificationData,
        priority: Priority,
        stamp: Stamp,
    ) -> Iterator[Effect]:
        """Notify a user by every channel of their settings; the title is cut to 100 characters, the message to 1000."""
        mailbox = self._mailboxes.get(user_id)
        if mailbox is not None:
            channels = mailbox.recipient.settings.channels
            yield from self._send(mailbox, channels, type, title, message, data, priority, stamp)

    def push_alarm(
        self,
        user_id: str,
        type: str,  # noqa: A002
        title: str,
        message: str,
        data: NotificationData,
        stamp: Stamp,
    ) -> Iterator[Effect]:
        """Notify a user by push alone, and whatever their settings say: what is urgent must go out (`stage/9`)."""
        mailbox = self._mailboxes.get(user_id)
        if mailbox is not None:
            yield from self._send(mailbox, frozenset({Channel.PUSH}), type, title, message, data, Priority.HIGH, stamp)

    def handle(self, command: CenterCommand, stamp: Stamp) -> Iterator[Effect]:
        """Go on with a delivery; one that is no longer remembered is given up."""
        match command:
            case Attempt(errand):
                yield from self._go_on(errand, self._attempt)
            case Attempted(errand=errand, delivery=Delivery.FAILED):
                yield from self._go_on(errand, _fail)
            case Attempted(errand=errand, delivery=Delivery.POINTLESS):
                yield from self._go_on(errand, _lose)
            case Attempted(errand=errand, delivery=Delivery.NOBODY):
                yield from self._go_on(errand, _give_up)
            case Attempted(errand=errand):
                yield from self._go_on(errand, _arrive)
            case _:
                raise AssertionError(f"the centre has no command {command!r}")

    def history(self, user_id: str) -> list[Mapping[str, Json]]:
        """Return what a user was notified of, the oldest first.

        Each is the `notification` as the contract has it, with `deliveries`: `[{channel, state, attempts}]`.
        """
        mailbox = self._mailboxes.get(user_id)
        return [notice.to_json() for notice in mailbox.notices] if mailbox is not None else []

    def settings(self, user_id: str) -> NotificationSettings:
        """Return what a user wants to hear; somebody unknown wants nothing."""
        mailbox = self._mailboxes.get(user_id)
        return mailbox.recipient.settings if mailbox is not None else NotificationSettings(False, frozenset())

    def change_settings(
        self, user_id: str, *, immediate_alerts: bool | None = None, channels: Iterable[Channel] | None = None
    ) -> NotificationSettings:
        """Change what a user wants to hear from now on, and return it; None leaves a setting as it is."""
        settings = self.settings(user_id)
        if immediate_alerts is not None:
            settings = replace(settings, immediate_alerts=immediate_alerts)
        if channels is not None:
            settings = replace(settings, channels=frozenset(channels))
        mailbox = self._mailboxes.get(user_id)
        if mailbox is not None:
            mailbox.recipient = replace(mailbox.recipient, settings=settings)
        return self.settings(user_id)

    # ---- the life of a delivery --------------------------------------------------------------------------------------

    def _send(
        self,
        mailbox: _Mailbox,
        channels: frozenset[Channel],
        kind: str,
        title: str,
        message: str,
        data: NotificationData,
        priority: Priority,
        stamp: Stamp,
    ) -> Iterator[Effect]:
        self._sent += 1  # several may come of one entry
        event = Notification(
            id=stamp.fresh(f"notification {self._sent}"),
            type=kind,
            title=title[:100],
            message=message[:1000],
            data=data,
            priority=priority,
            timestamp=moment(stamp.now_ms),
            sound=SOUNDS[priority],
        )
        notice = _Notice(event, {channel: _Progress() for channel in Channel if channel in channels})
        mailbox.notices.append(notice)
        for channel in notice.progress:
            errand = Errand(mailbox.recipient.id, event.id, channel)
            if priority is Priority.LOW:
                yield Later(LOW_DELAY_MS, Attempt(errand))
            else:
                yield from self._go_on(errand, self._attempt)

    def _go_on(self, errand: Errand, step: _Step) -> Iterator[Effect]:
        mailbox = self._mailboxes.get(errand.user_id)
        notice = mailbox.find(errand.notice_id) if mailbox is not None else None
        if mailbox is not None and notice is not None:
            yield from step(_Job(errand, mailbox.recipient, notice.event, notice.progress[errand.channel]))

    def _attempt(self, job: _Job) -> Iterator[Effect]:
        channel = job.errand.channel
        job.progress.attempts += 1
        if channel is Channel.SOCKET:
            if self._is_online(job.recipient.id):
                job.progress.state = State.DELIVERED
                yield Emit(job.event, room=f"user:{job.recipient.id}")
            else:
                yield from _fail(job)
        elif address := job.recipient.addresses.get(channel):
            job.progress.state = State.UNDER_WAY
            yield Notify(channel.value, _letter(job.errand, address, job.event), Attempted(job.errand))
        else:
            yield from _give_up(job)


def _arrive(job: _Job) -> Iterator[Effect]:
    job.progress.state = State.DELIVERED
    yield from ()


def _fail(job: _Job) -> Iterator[Effect]:
    if job.progress.attempts > RETRIES:
        yield from _lose(job)
    else:
        job.progress.state = State.WAITING
        yield Later(FIRST_PAUSE_MS * 2 ** (job.progress.attempts - 1), Attempt(job.errand))


def _lose(job: _Job) -> Iterator[Effect]:
    """Give up what somebody should look into: a service that does not take what it is given."""
    yield from _give_up(job)
    if job.errand.channel is not Channel.SOCKET:  # to be offline is no fault of anybody's
        message = f"a notification could not be delivered by {job.errand.channel} in {job.progress.attempts} attempts"
        yield Note("warn", message, UNDELIVERED, {"userId": job.recipient.id, "notificationId": job.event.id})


def _give_up(job: _Job) -> Iterator[Effect]:
    """Give up what cannot be: a push without a device, a channel that this server has no service for."""
    job.progress.state = State.FAILED
    yield from ()


def _letter(errand: Errand, address: str, event: Notification) -> dict[str, Json]:
    """Write what one of the services outside is posted: which notification, to whom, and the words in its own terms."""
    head: dict[str, Json] = {"notificationId": event.id, "userId": errand.user_id, "priority": event.priority}
    match errand.channel:
        case Channel.PUSH:
            data = event.data.to_json()
            return {**head, "deviceToken": address, "title": event.title, "body": event.message, "data": data}
        case Channel.EMAIL:
            return {**head, "email": address, "subject": event.title, "content": event.message}
        case _:
            return {**head, "phone": address, "text": f"{event.title}\n{event.message}"}
