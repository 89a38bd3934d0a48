"""The notification centre: by which channels, how often, and what is remembered."""

import heapq
import itertools
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocols.contract import Json
from protocols.dongne import PROTOCOL, Notification, NotificationData
from reference_server.effects import Delivery, Effect, Emit, Later, Note, Notify, Stamp
from reference_server.journal_file import JournalFile
from reference_server.rules.dongne_center import (
    HISTORY,
    SOUNDS,
    Attempt,
    Attempted,
    Center,
    CenterCommand,
    Channel,
    Errand,
    NotificationSettings,
    Priority,
    Recipient,
)
from reference_server.worlds.dongne import DongneUser

ALL = frozenset(Channel)
ADDRESSES = {Channel.PUSH: "device-1", Channel.EMAIL: "mina@example.com", Channel.SMS: "010-0000-0001"}
DATA = NotificationData(questionId="q-1", answerId="a-1", points=10)


class Services:
    """What is around a centre: a clock by hand, who is online, and services that answer as they are told."""

    def __init__(self, *channels: Channel, addresses: Mapping[Channel, str] = ADDRESSES) -> None:
        settings = NotificationSettings(channels=frozenset(channels))
        self.online = {"mina"}
        self.center = Center([Recipient("mina", settings, addresses), Recipient("jun")], self.online.__contains__)
        self.answers: Iterator[Delivery] = itertools.repeat(Delivery.DELIVERED)
        self.done: list[tuple[int, Effect]] = []
        """What was to be done, with the moment in milliseconds."""
        self.now_ms = 0
        self._agenda: list[tuple[int, int, CenterCommand]] = []  # heap of (due, order, command)
        self._order = itertools.count()

    def send(self, priority: Priority = Priority.NORMAL, user: str = "mina") -> None:
        stamp = self.stamp()
        self.follow(self.center.send(user, "answer_accepted", "채택", "답변이 채택되었어요", DATA, priority, stamp))

    def stamp(self) -> Stamp:
        return Stamp(self.now_ms, next(self._order).to_bytes(8, "big"))

    def follow(self, effects: Iterator[Effect]) -> None:
        for effect in effects:
            self.done.append((self.now_ms, effect))
            match effect:
                case Later(after_ms, command):
                    assert isinstance(command, CenterCommand)
                    heapq.heappush(self._agenda, (self.now_ms + after_ms, next(self._order), command))
                case Notify(_, _, Attempted(errand=errand)):
                    receipt = Attempted(errand, delivery=next(self.answers))
                    heapq.heappush(self._agenda, (self.now_ms, next(self._order), receipt))
                case _:
                    pass

    def run(self, until_ms: int = 60_000) -> None:
        while self._agenda and self._agenda[0][0] <= until_ms:
            self.now_ms, _, command = heapq.heappop(self._agenda)
            self.follow(self.center.handle(command, self.stamp()))

    def posted(self, channel: Channel) -> list[tuple[int, Mapping[str, Json]]]:
        return [
            (at, effect.body) for at, effect in self.done if isinstance(effect, Notify) and effect.channel == channel
        ]

    def emitted(self) -> list[tuple[int, Notification]]:
        return [
            (at, effect.event)
            for at, effect in self.done
            if isinstance(effect, Emit) and isinstance(effect.event, Notification)
        ]

    def deliveries(self) -> Json:
        return self.center.history("mina")[-1]["deliveries"]


@pytest.mark.parametrize("priority", Priority)
def test_by_socket_comes_a_notification_as_the_contract_has_it(priority: Priority) -> None:
    services = Services(Channel.SOCKET)
    services.now_ms = 1_700_000_000_123
    services.send(priority)
    services.run(2_000_000_000_000)
    [(_, effect)] = [each for each in services.done if isinstance(each[1], Emit)]
    assert isinstance(effect, Emit)
    assert effect.room == "user:mina"
    assert PROTOCOL.faults("Notification", effect.event.to_json()) == []
    assert effect.event.to_json() == {
        "id": services.center.history("mina")[0]["id"],
        "type": "answer_accepted",
        "title": "채택",
        "message": "답변이 채택되었어요",
        "data": {"questionId": "q-1", "answerId": "a-1", "points": 10},
        "priority": priority.value,
        "timestamp": "2023-11-14T22:13:20.123Z",
        "sound": SOUNDS[priority],
    }


@given(st.sets(st.sampled_from(Channel)))
def test_a_notification_goes_out_by_the_channels_of_its_user_and_by_no_other(channels: set[Channel]) -> None:
    services = Services(*channels)
    services.send()
    services.run()
    used = {Channel(effect.channel) for _, effect in services.done if isinstance(effect, Notify)}
    used |= {Channel.SOCKET for _ in services.emitted()}
    assert used == channels


def test_settings_change_from_now_on() -> None:
    services = Services(*ALL)
    changed = services.center.change_settings("mina", channels=[Channel.SMS], immediate_alerts=False)
    assert changed == services.center.settings("mina") == NotificationSettings(False, frozenset({Channel.SMS}))
    assert changed.to_json() == {"immediateAlerts": False, "channels": ["sms"]}
    services.send()
    assert [channel for channel in Channel if services.posted(channel)] == [Channel.SMS]
    assert services.center.change_settings("mina").channels == {Channel.SMS}


@pytest.mark.parametrize("channel", [Channel.PUSH, Channel.EMAIL, Channel.SMS])
@pytest.mark.parametrize("failures", range(5))
def test_a_channel_that_fails_is_retried_three_times_after_pauses_that_double(channel: Channel, failures: int) -> None:
    services = Services(channel)
    services.answers = itertools.chain([Delivery.FAILED] * failures, itertools.repeat(Delivery.DELIVERED))
    services.send()
    services.run()
    attempts = min(failures + 1, 4)
    assert [at for at, _ in services.posted(channel)] == [0, 1000, 3000, 7000][:attempts]
    assert len({str(body) for _, body in services.posted(channel)}) == 1
    state = "failed" if failures > 3 else "delivered"
    assert services.deliveries() == [{"channel": channel.value, "state": state, "attempts": attempts}]
    assert [effect.code for _, effect in services.done if isinstance(effect, Note)] == ["E4002"] * (failures > 3)


def test_one_channel_that_fails_costs_the_others_nothing() -> None:
    services = Services(*ALL)
    services.answers = itertools.cycle([Delivery.FAILED, Delivery.DELIVERED, Delivery.DELIVERED])  # push, email, sms
    services.send()
    services.run(0)
    assert services.deliveries() == [
        {"channel": "socket", "state": "delivered", "attempts": 1},
        {"channel": "push", "state": "waiting", "attempts": 1},
        {"channel": "email", "state": "delivered", "attempts": 1},
        {"channel": "sms", "state": "delivered", "attempts": 1},
    ]


@pytest.mark.parametrize(("back_ms", "heard_ms"), [(0, [0]), (500, [1000]), (2500, [3000]), (7000, [7000]), (7001, [])])
def test_who_is_offline_is_tried_again_by_socket_and_hears_of_it_once(back_ms: int, heard_ms: list[int]) -> None:
    services = Services(Channel.SOCKET)
    services.online.clear()
    if back_ms == 0:
        services.online.add("mina")
    services.send()
    services.run(back_ms - 1)
    services.online.add("mina")
    services.run()
    assert [at for at, _ in services.emitted()] == heard_ms
    assert not [effect for _, effect in services.done if isinstance(effect, Note)]


@pytest.mark.parametrize(("delivery", "notes"), [(Delivery.POINTLESS, 1), (Delivery.NOBODY, 0)])
def test_what_is_pointless_is_not_tried_again(delivery: Delivery, notes: int) -> None:
    services = Services(Channel.PUSH)
    services.answers = itertools.repeat(delivery)
    services.send()
    services.run()
    assert len(services.posted(Channel.PUSH)) == 1
    assert services.deliveries() == [{"channel": "push", "state": "failed", "attempts": 1}]
    assert len([effect for _, effect in services.done if isinstance(effect, Note)]) == notes


@pytest.mark.parametrize("channel", ADDRESSES)
def test_who_has_no_address_is_not_written_to(channel: Channel) -> None:
    services = Services(channel, addresses={})
    services.send()
    services.run()
    assert services.done == []
    assert services.deliveries() == [{"channel": channel.value, "state": "failed", "attempts": 1}]


def test_an_alarm_is_pushed_whatever_the_settings_say() -> None:
    services = Services(Channel.SOCKET)
    data = NotificationData(questionId="q-1")
    title = "🚨 긴급 질문이 도착했습니다!"
    services.follow(services.center.push_alarm("mina", "urgent_question", title, "길", data, services.stamp()))
    [(_, body)] = services.posted(Channel.PUSH)
    assert (body["title"], body["body"], body["deviceToken"]) == (title, "길", "device-1")
    assert body["data"] == {"questionId": "q-1"}
    assert services.emitted() == []


def test_each_service_is_posted_what_it_needs() -> None:
    services = Services(*ALL)
    services.send(Priority.HIGH)
    bodies = {channel: services.posted(channel)[0][1] for channel in Channel if services.posted(channel)}
    head = {"notificationId": services.center.history("mina")[0]["id"], "userId": "mina", "priority": 2}
    assert bodies == {
        Channel.PUSH: {
            **head,
            "deviceToken": "device-1",
            "title": "채택",
            "body": "답변이 채택되었어요",
            "data": {"questionId": "q-1", "answerId": "a-1", "points": 10},
        },
        Channel.EMAIL: {**head, "email": "mina@example.com", "subject": "채택", "content": "답변이 채택되었어요"},
        Channel.SMS: {**head, "phone": "010-0000-0001", "text": "채택\n답변이 채택되었어요"},
    }


def test_what_is_low_waits_a_second() -> None:
    services = Services(Channel.SOCKET)
    services.send(Priority.LOW)
    services.run()
    assert [at for at, _ in services.emitted()] == [1000]


def test_the_history_is_kept_in_order_and_bounded_and_what_fell_out_of_it_is_given_up() -> None:
    services = Services(Channel.PUSH)
    services.answers = itertools.repeat(Delivery.FAILED)
    services.send()
    services.run(0)
    first = services.center.history("mina")[0]["id"]
    for _ in range(HISTORY):
        services.send()
    history = services.center.history("mina")
    ids = [str(notice["id"]) for notice in history]
    assert len(set(ids)) == HISTORY
    assert first not in ids
    assert [notice["id"] for notice in history] == [
        body["notificationId"] for _, body in services.posted(Channel.PUSH)[1:]
    ]
    services.run(1500)
    tries = [body["notificationId"] for _, body in services.posted(Channel.PUSH)]
    assert (tries.count(first), tries.count(ids[0])) == (1, 2)


def test_nobody_unknown_is_notified_or_remembered() -> None:
    services = Services(*ALL)
    services.send(user="nobody")
    assert services.done == []
    assert services.center.history("nobody") == []
    assert services.center.change_settings("nobody", channels=ALL).channels == frozenset()


def test_two_of_one_entry_are_two() -> None:
    services = Services(Channel.SOCKET)
    stamp = services.stamp()
    for _ in range(2):
        services.follow(services.center.send("mina", "t", "T", "M", DATA, Priority.NORMAL, stamp))
    assert len({event.id for _, event in services.emitted()}) == 2


def test_long_words_are_cut_to_what_the_contract_allows() -> None:
    services = Services(Channel.SOCKET)
    effects = services.center.send("mina", "t", "가" * 101, "나" * 1001, DATA, Priority.NORMAL, services.stamp())
    services.follow(effects)
    [(_, event)] = services.emitted()
    assert (event.title, event.message) == ("가" * 100, "나" * 1000)


def test_a_command_about_nothing_known_does_nothing() -> None:
    services = Services(*ALL)
    services.online.clear()
    services.send()
    [attempt] = [e.command for _, e in services.done if isinstance(e, Later) and isinstance(e.command, Attempt)]
    other = Center([], lambda _: True)
    assert list(other.handle(attempt, services.stamp())) == []


def test_a_user_of_the_world_is_reached_as_the_world_says() -> None:
    wishes = {"immediate_alerts": False, "channels": ["email", "push"]}
    user = DongneUser.model_validate(
        {"id": "sora", "nickname": "소라", "email": "sora@example.com", "notification_settings": wishes}
    )
    settings = NotificationSettings(False, frozenset({Channel.EMAIL, Channel.PUSH}))
    assert Recipient.of(user) == Recipient("sora", settings, {Channel.EMAIL: "sora@example.com"})


def test_its_commands_can_be_written_down_and_read_again(tmp_path: Path) -> None:
    errand = Errand("mina", "n-1", Channel.SMS)
    commands = [Attempt(errand), *(Attempted(errand, delivery=delivery) for delivery in Delivery)]
    with JournalFile(tmp_path / "journal", PROTOCOL) as file:
        for command in commands:
            file.append(command, Stamp(0, b""))
        assert [entry for entry, _ in file.read()] == commands
