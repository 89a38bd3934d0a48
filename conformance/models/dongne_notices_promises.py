"""What `dongne` promises of whom it notifies by itself, and when: the stages of a question, its admins, the centre."""

import itertools
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import reduce
from typing import Any, Final, cast

from conformance.case import Skipped
from conformance.checks import Check
from conformance.crash import come_back, demand
from conformance.http import Reply
from conformance.models.dongne import Question
from conformance.models.dongne_cast import FAR, LOCAL, DongneCast
from conformance.models.dongne_places import TOWNS
from conformance.models.dongne_stages import AFTER_MS
from conformance.person import Person
from conformance.reproduce.unshown import IN_A_CRASH
from conformance.scene import Scenes, attributed, reckoning, require, unseen
from conformance.symptom import EACH, HTTP, Path, Symptom, Test
from conformance.verdict import Broken
from protocols import dongne
from protocols.contract import Json

SCENES: Final[Scenes[DongneCast]] = Scenes("dongne")
shows = SCENES.shows

NOTICE: Final = dongne.NewQuestionNotification.event_name
TICK: Final = dongne.MetricsUpdate.event_name
STRANGER: Final = {"local": "no", "admin": "no"}
QUIET: Final = {"local": "yes", "alerts": "no"}
ADMIN: Final = {"admin": "yes"}
HALLA: Final = "halla"
"""Who is an admin."""
MINUTE_MS: Final = 60_000
TICKS: Final = 3
SECOND_S: Final = 1.0
PUSH_TITLE: Final = "🚨 긴급 질문이 도착했습니다!"
UNHURRIED: Final = 3
"""The time scale up to which people have time to go somewhere while a stage is to come."""
ATTEMPTS: Final = 4
"""`notice/2`: the first, and three more."""


# ---- stages ------------------------------------------------------------------------------------------------------


@shows("stage/1")
async def stage__at_once(cast: DongneCast) -> None:
    """Verified locals within 2 km who want alerts hear of a question at once, and nobody else does."""
    here = cast.origin
    ana = await cast.come("ana", at=here)
    near = await cast.come("near", having=LOCAL, at=here.moved(15))
    await cast.come("near-again", like=near)
    await cast.come("far", having=LOCAL, at=here.moved(20))
    await cast.come("quiet", having=cast.details_of(lambda details: details.items() >= QUIET.items()), at=here)
    await cast.come("stranger", having=cast.details_of(lambda details: details.items() >= STRANGER.items()), at=here)
    gone = await cast.come("gone", having=LOCAL, at=here)
    await cast.stage.leave(gone)
    for urgency in ("normal", "urgent"):
        with attributed("dongne/stage/1"):
            await cast.ask(ana, more={"urgency": urgency, "hashtags": ["주차"]})


@shows("stage/6", "stage/1")
async def stage__ten_nearest(cast: DongneCast) -> None:
    """Of twelve who are near enough the ten nearest hear of a question at once, whoever came first."""
    here = cast.origin
    ana = await cast.come("ana", at=here)
    for number in (4, 12, 7, 1, 11, 2, 9, 3, 8, 5, 10, 6):
        await cast.come(f"local-{number}", having=LOCAL, at=here.moved(number))
    with attributed("dongne/stage/6"), reckoning():
        await cast.ask(ana)
        await cast.ask(ana, at=here.moved(12))


@shows("stage/7", "stage/1")
async def stage__never_the_asker(cast: DongneCast) -> None:
    """Who asks is a verified local nearby, and is not notified of their own question, through no socket."""
    ana = await cast.come("ana", having=LOCAL, at=cast.origin)
    second = await cast.come("ana-again", like=ana)
    await cast.come("ben", having=LOCAL, at=cast.origin)
    with attributed("dongne/stage/7"):
        for who in (ana, second):
            await cast.ask(who)


@shows("stage/2", "stage/5", "stage/7", "location/3")
async def stage__after_three_seconds(cast: DongneCast) -> None:
    """After 3 s locals within 5 km hear of a question where they are by then, but whoever has heard of it already."""
    here = cast.origin
    ana = await cast.come("ana", having=LOCAL, at=here)
    near = await cast.come("near", having=LOCAL, at=here.moved(5))
    await cast.come("middle", having=LOCAL, at=here.moved(0, 25))
    await cast.come("far", having=LOCAL, at=here.moved(60))
    roamer = await cast.come("roamer", having=LOCAL, at=here.moved(FAR))
    leaver = await cast.come("leaver", having=LOCAL, at=here.moved(-30))
    question = await cast.ask(ana)
    if cast.stage.target.time_scale <= UNHURRIED:  # else the stage is over before they are there
        await cast.move(roamer, here.moved(40))
        await cast.move(leaver, here.moved(-FAR))
    await _collect(cast, {near: "stage/5", ana: "stage/7", roamer: "location/3", leaver: "location/3"}, "stage/2")
    await cast.answer(near, question)


async def _collect(cast_: DongneCast, by_whom: Mapping[Person, str], otherwise: str) -> None:
    """Wait for what stages are to bring; what is wrong breaks the requirement that stands with who heard something."""
    try:
        await cast_.stage.collect()
    except Broken as broken:
        told = [requirement for who, requirement in by_whom.items() if cast_.stage.was_told(who, NOTICE)]
        requirement = cast_.address((told or [otherwise])[0])
        raise broken.at(requirement) from broken


@shows("stage/3", "stage/5", slow=True)
async def stage__experts(cast: DongneCast) -> None:
    """After 30 s experts whose tags meet a hashtag hear of a question, wherever they are; other experts do not."""
    ana = await cast.come("ana", at=cast.origin)
    details = cast.details_of(lambda details: details.get("tags", "") != "")
    tags = details["tags"].split(",")
    expert = await cast.come("expert", having=details, at=cast.origin.moved(FAR))
    with attributed("dongne/stage/3"):
        await cast.ask(ana, more={"hashtags": ["엉뚱", tags[-1]]})
        await cast.ask(ana, more={"hashtags": ["엉뚱"]})
        await cast.stage.collect()
        await cast.ask(expert, more={"hashtags": tags[:5]})
        await cast.stage.listen(40_000)


@shows("stage/4", "stage/5", slow=True)
async def stage__everybody(cast: DongneCast) -> None:
    """After 120 s without an answer everybody on the island hears of a question, but no admin, and nobody at sea."""
    ana = await cast.come("ana", at=cast.origin)
    await cast.come("ben", at=TOWNS[0])
    await cast.come("cho", having=cast.details_of(lambda details: details.items() >= STRANGER.items()), at=TOWNS[5])
    await cast.come("dee", at=cast.origin.moved(FAR))
    await cast.come(HALLA, having=cast.details_of(lambda details: details.items() >= ADMIN.items()), at=TOWNS[2])
    with attributed("dongne/stage/4"):
        await cast.ask(ana)
        answered = await cast.ask(ana)
        await cast.answer(ana, answered)
        await cast.stage.listen(2 * MINUTE_MS + 5000)
        await cast.stage.listen(5000)


@shows("stage/10", "stage/11", slow=True)
async def stage__survives_a_crash(cast: DongneCast) -> None:
    """The target dies after the first stage; once it is back the others follow, and nobody hears of anything twice."""
    demand(cast.stage.target)
    ana = await cast.come("ana", at=cast.origin)
    near = await cast.come("near", having=LOCAL, at=cast.origin.moved(5))
    details = cast.details_of(lambda details: details.get("tags", "") != "")
    expert = await cast.come("expert", having=details, at=cast.origin.moved(FAR))
    question = await cast.ask(ana, more={"hashtags": details["tags"].split(",")[:1]})
    await cast.stage.keeper.crash()
    # When a stage comes whose time has passed meanwhile, and who counts as present then, no page says.
    question.notices.doubtful.update(map(cast.model.user_id, (ana, near, expert)))
    for who in (ana, near, expert):
        who.is_here = False
        cast.model.present.remove(who)
        cast.model.leave(who)
    assert ana.identity is not None
    await come_back(cast.stage, ana.identity)
    with attributed("dongne/stage/10"):
        for who, at in ((ana, cast.origin), (near, cast.origin.moved(5)), (expert, cast.origin.moved(FAR))):
            await cast.stage.connect(who.name)
            await cast.move(who, at)
        await _wait_for(cast, expert, question)
    await cast.stage.listen(5000)
    told = {who: _notices(cast, who, question) for who in (ana, near, expert)}
    expected = "a notification with priority EXTENDED for the expert after 30 s"
    with unseen(IN_A_CRASH):
        require(told[expert] == ["EXTENDED"], "dongne/stage/10", expected, told[expert])
        expected = "a notification at once for who is near, none for the asker, and no other"
        require([told[near], told[ana]] == [["IMMEDIATE"], []], "dongne/stage/11", expected, told)


async def _wait_for(cast: DongneCast, who: Person, question: Question) -> None:
    """Wait until somebody has heard of a question, or should have at the latest."""
    scaled_s = (AFTER_MS[3] + 5000) / 1000 / cast.stage.target.time_scale
    deadline = time.monotonic() + scaled_s + cast.stage.target.deadline_s(1000)
    cast.stage.begin("= time passes")
    await cast.stage.until(lambda: bool(_notices(cast, who, question)), [who], deadline)
    await cast.stage.overhear("time that passes")


def _notices(cast_: DongneCast, who: Person, question: Question) -> list[str]:
    """Return the priorities of all that somebody ever heard of a question, through one socket after the other."""
    heard = [one for one in cast_.stage.history if one.name == NOTICE and one.actor == who.name]
    payloads = [cast("Mapping[str, Any]", one.arguments[0]) for one in heard]
    return [str(one["priority"]) for one in payloads if one["question"]["id"] == question.id]


# ---- how the service does ----------------------------------------------------------------------------------------


async def _admin(cast: DongneCast) -> Person:
    details = cast.details_of(lambda details: details.items() >= ADMIN.items())
    return await cast.come(HALLA, having=details, at=cast.origin.moved(FAR))


async def _ticks(cast_: DongneCast, admin: Person, number: int) -> list[tuple[int, Mapping[str, Any]]]:
    """Wait until an admin has heard so many updates, for a while; return when each came, in ns, and what it said."""
    waits_s = (number + 1) * cast_.stage.target.deadline_s(1000)
    deadline = time.monotonic() + waits_s
    cast_.stage.begin("= time passes")
    begun = len(admin.inbox)

    def heard() -> list[tuple[int, Mapping[str, Any]]]:
        return [
            (one.at_ns, cast("Mapping[str, Any]", one.event.to_json()))
            for one in admin.inbox[begun:]
            if isinstance(one.event, dongne.MetricsUpdate)
        ]

    await cast_.stage.until(lambda: len(heard()) >= number, [admin], deadline)
    ticks = heard()
    with attributed("dongne/metrics/2"):
        await cast_.stage.overhear("time that passes")
    expected = f"an admin hears {number} updates in {waits_s:g} s"
    shown = [replace(Symptom.unheard(admin, TICK, {}, waits_s), times=number)]
    require(
        len(ticks) >= number, "dongne/metrics/1", expected, f"{len(ticks)} came", check=Check.TIMER_IN_TIME, shown=shown
    )
    return ticks


@shows("metrics/1", "metrics/2", "time/1")
async def metrics__every_second(cast: DongneCast) -> None:
    """Admins, and nobody else, hear each second how the service does; a first answer in a minute is counted."""
    ana, ben = await cast.come("ana", at=cast.origin), await cast.come("ben", at=cast.origin.moved(FAR))
    admin = await _admin(cast)
    [(_, before)] = (await _ticks(cast, admin, 1))[:1]
    question = await cast.ask(ana, at=TOWNS[0], more={"urgency": "urgent"})
    await cast.answer(ben, question)
    await cast.answer(ben, question, "또 하나")
    ticks = await _ticks(cast, admin, TICKS - 1)
    gaps_s = [(after[0] - earlier[0]) / 1e9 for earlier, after in itertools.pairwise(ticks)]
    second_s = SECOND_S / cast.stage.target.time_scale
    is_second = all(second_s / 2 < gap_s <= cast.stage.target.deadline_s(1000) for gap_s in gaps_s)
    require(
        is_second, "dongne/metrics/1", "an update each second", f"{gaps_s} s between them", check=Check.TIMER_IN_TIME
    )
    told = ticks[-1][1]["timestamp"]
    require(
        told > before["timestamp"],
        "dongne/metrics/1",
        f"an update later than {before['timestamp']}",
        told,
        check=Check.TIMER_IN_TIME,
    )
    _is_counted(before, ticks[-1][1], question, under=(1, 5, 10))


def _is_counted(before: Mapping[str, Any], after: Mapping[str, Any], question: Question, under: Sequence[int]) -> None:
    """Check that one first answer has been counted, at least: overall, for its region, and where it is urgent."""
    paths: list[tuple[str, ...]] = [("overall",)]
    if question.told["urgency"] == "urgent":
        paths.append(("urgent",))
    if (region := question.told.get("regionCode")) is not None:
        paths.append(("locationBasedResponseTime", str(region)))
    names = ["questionCount", "answeredCount", *(f"under{minutes}MinCount" for minutes in under)]
    for path in paths:
        what, earlier, later = path[-1], *(reduce(lambda whole, key: whole[key], path, one) for one in (before, after))
        for name in names:
            grown = later[name] - earlier[name]
            more = Test((*path, name), "is over", earlier[name])
            shown = [Symptom(who=HALLA, names=(TICK,), tests=(more,), is_missing=True)]
            came = f"{earlier[name]}, then {later[name]}"
            require(grown >= 1, "dongne/time/1", f"{name} of {what} has grown", came, shown=shown)


@shows("time/1", "time/2", "metrics/2", slow=True)
async def time__slow_answers(cast: DongneCast) -> None:
    """First answers count for the minute in which they come; after ten without one, the admins hear so, once."""
    ana, ben = await cast.come("ana", at=cast.origin), await cast.come("ben", at=cast.origin.moved(FAR))
    admin = await _admin(cast)
    [(_, before)] = (await _ticks(cast, admin, 1))[:1]
    questions = [await cast.ask(ana, f"{number}분 질문") for number in (2, 7, 11)]
    passed_min = 0
    for question, minutes in zip(questions, (2, 7, 11), strict=True):
        try:
            with attributed("dongne/time/2"):
                await cast.stage.listen((minutes - passed_min) * MINUTE_MS)
        except Broken as broken:
            if any(cast.stage.was_told(who, dongne.SlowResponseAlert.event_name) for who in (ana, ben)):
                raise broken.at("dongne/metrics/2") from broken
            raise
        passed_min = minutes
        await cast.answer(ben, question)
    ticks = await _ticks(cast, admin, 2)
    counts = {minutes: _grown(before, ticks[-1][1], f"under{minutes}MinCount") for minutes in (1, 5, 10)}
    others = _grown(before, ticks[-1][1], "answeredCount") - len(questions)  # answers of strangers meanwhile
    expected = "of answers after 2, 7 and 11 minutes none under 1, one under 5, two under 10"
    is_right = all(least <= counts[minutes] <= least + others for minutes, least in ((1, 0), (5, 1), (10, 2)))
    require(others >= 0 and is_right, "dongne/time/1", expected, f"{counts}, and {others} answers of others")


def _grown(before: Mapping[str, Any], after: Mapping[str, Any], name: str) -> int:
    return int(after["overall"][name]) - int(before["overall"][name])


# ---- the notification centre -------------------------------------------------------------------------------------


@shows("notice/1")
async def notice__by_the_channels_of_ones_settings(cast: DongneCast) -> None:
    """Whose settings do not name the socket hears no `notification` through it."""
    await cast.assemble()
    details = cast.details_of(lambda details: "socket" not in details.get("channels", "socket").split(","))
    author = await cast.come("mail", having=details)
    await cast.enter(author, 0)
    answer_id = await cast.answer(author, cast.question())
    with attributed("dongne/notice/1"):
        await cast.stage.say(cast.person("ana"), dongne.AcceptAnswer(answerId=answer_id))


async def _history(cast: DongneCast, who: Person, requirement: str) -> list[Mapping[str, Any]]:
    """Return what somebody was notified of, as our reference server tells it; raises Skipped where there is no such."""
    reply: Reply = await cast.http.ask("GET", "/api/notifications", cast.address(requirement), by=who.identity)
    if reply.status == 404:
        raise Skipped("the target has no GET /api/notifications, as our reference server has; no page promises any")
    history = reply.expect(cast.address(requirement), 200).json(cast.address(requirement)).get("notifications")
    if not isinstance(history, list):
        raise Broken(cast.address(requirement), "{notifications: […]}", str(reply))
    return _objects(history)


def _objects(items: list[Any]) -> list[Mapping[str, Any]]:
    """Return a list of JSON objects."""
    return cast("list[Mapping[str, Any]]", items)


@shows("notice/3")
async def notice__history(cast: DongneCast) -> None:
    """What somebody was notified of can be read afterwards, in its order, by them alone."""
    await cast.assemble()
    ana, ben, cho = cast.people_here()
    others = len(await _history(cast, cho, "notice/3"))
    told: list[Json] = []
    for _ in range(2):
        answer_id = await cast.answer(ben, await cast.ask(ana))
        heard = await cast.stage.say(ana, dongne.AcceptAnswer(answerId=answer_id))
        told += [notice["id"] for notice in heard.payloads(ben, "notification")]
    history = await _history(cast, ben, "notice/3")
    kept = [one.get("id") for one in history][-len(told) :]
    ids: Path = ("body", "notifications", EACH, "id")
    lost = [one for one in told if one not in kept]
    test = Test(ids, "lacks", lost[0]) if lost else Test(ids, "is", [one.get("id") for one in history])
    require(
        kept == told,
        "dongne/notice/3",
        f"the history ends with {told}",
        kept,
        check=Check.HISTORY_KEPT,
        shown=[Symptom.heard(HTTP, HTTP, test, times=1)],
    )
    now = len(await _history(cast, cho, "notice/3"))
    require(now == others, "dongne/notice/3", f"cho's history has {others} as before", now, check=Check.HISTORY_KEPT)


@shows("stage/9")
async def stage__urgent_push(cast: DongneCast) -> None:
    """An urgent question goes out by push to whom the first stage names, with its title cut; a normal one does not."""
    ana = await cast.come("ana", at=cast.origin)
    near = await cast.come("near", having=LOCAL, at=cast.origin.moved(2))
    far = await cast.come("far", having=LOCAL, at=cast.origin.moved(FAR))
    requirement, title = "dongne/stage/9", "급해요 " + "가" * 80
    normal = await cast.ask(ana)
    urgent = await cast.ask(ana, title, more={"urgency": "urgent"})
    pushed = await _pushed(cast, near, urgent)
    words = [[notice.get("title"), notice.get("message")] for notice in pushed]
    shown = [
        Symptom.listed(HTTP, HTTP, ("body", "notifications", EACH, key), [due], [notice.get(key) for notice in pushed])
        for key, due in (("title", PUSH_TITLE), ("message", title[:50]))
        if [notice.get(key) for notice in pushed] != [due]
    ]
    expected = f"{PUSH_TITLE!r} and 50 characters of the title"
    require(words == [[PUSH_TITLE, title[:50]]], requirement, expected, words, shown=shown)
    for who, question in ((near, normal), (far, urgent), (ana, urgent)):
        extra = await _pushed(cast, who, question)
        messages: Path = ("body", "notifications", EACH, "message")
        shown = [Symptom.heard(HTTP, HTTP, Test(messages, "has", one.get("message"))) for one in extra[:1]]
        require(not extra, requirement, f"no push to {who} of {question.id}", extra, shown=shown)


async def _pushed(cast: DongneCast, who: Person, question: Question) -> list[Mapping[str, Any]]:
    """Return what somebody got by push about a question."""
    history = await _history(cast, who, "stage/9")
    return [
        notice
        for notice in history
        if "push" in _channels(notice) and notice.get("data", {}).get("questionId") == question.id
    ]


def _channels(notice: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    return {str(delivery.get("channel")): delivery for delivery in notice.get("deliveries", ())}


@shows("notice/2", slow=True)
async def notice__retries(cast: DongneCast) -> None:
    """A notification to somebody who is away is tried again three times, and then given up."""
    await cast.assemble()
    ana, ben, _ = cast.people_here()
    await _history(cast, ben, "notice/2")
    answer_id = await cast.answer(ben, cast.question())
    await cast.stage.leave(ben)
    await cast.stage.say(ana, dongne.AcceptAnswer(answerId=answer_id))
    await cast.stage.listen(MINUTE_MS)
    history = await _history(cast, ben, "notice/2")
    last = history[-1]
    attempts = _channels(last).get("socket", {}).get("attempts")
    at: Path = ("body", "notifications", EACH, "deliveries", EACH, "attempts")
    shown = [Symptom.heard(HTTP, HTTP, Test(at, "is", [_attempts(one) for one in history]), times=1)]
    require(attempts == ATTEMPTS, "dongne/notice/2", f"{ATTEMPTS} attempts by the socket", attempts, shown=shown)


def _attempts(notice: Mapping[str, Any]) -> list[Json]:
    return [one.get("attempts") for one in notice.get("deliveries", ())]
