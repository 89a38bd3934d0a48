"""What holds of every answer of a `dongne` server and no template can say: lists, texts, and that all hear the same."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final, cast

from conformance.checks import Check
from conformance.expectation import Heard
from conformance.models import dongne_texts as texts
from conformance.models.dongne_places import Point, distance_m
from conformance.person import Person
from conformance.symptom import EACH, Path, Symptom, Test
from conformance.verdict import Broken
from protocols import dongne
from protocols.contract import Event, Json

if TYPE_CHECKING:
    from conformance.models.dongne import DongneModel, Question

UPDATE: Final = "nearby_questions_update"
RADIUS_M: Final = 3000
LISTED: Final = 5
"""`dongne/location/2`: at most so many, and no farther than that."""
HOUR_S: Final = 3600
ROUNDED_M: Final = 1.0
"""What a distance in metres may be off by."""
AT_THE_HOUR_S: Final = 5.0
"""So long before and after the end of its hour, of our seconds, a question may be listed or not."""
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)

Told = Mapping[str, Any]


def broken(model: "DongneModel", who: Person, event: Event, heard: Heard) -> Iterator[Broken]:
    """Yield what is wrong with what was heard of an accepted event, which the model has not applied yet."""
    match event:
        case dongne.JoinQuestion():
            yield from _joined(model, who, event, heard)
        case dongne.CreateQuestion():
            yield from _asked(model, who, event, heard)
        case dongne.CreateAnswer():
            yield from _answered(model, who, event, heard)
        case dongne.AcceptAnswer():
            yield from _accepted(event, heard)
        case dongne.UpdateLocation():
            yield from _moved(model, event, heard)
        case dongne.SyncUnreadMessages():
            yield from _synced(model, who, event, heard)


def moment(said: str | int) -> float:
    """Return a moment as seconds since the epoch; minus infinity for one that no calendar of ours holds."""
    if isinstance(said, int):
        return said / 1000
    try:
        return (datetime.fromisoformat(said) - _EPOCH).total_seconds()
    except (ValueError, OverflowError):
        return float("-inf")


def first(heard: Heard, who: Person, event_name: str, field: str) -> Told:
    """Return a field, which is an object, of the first event of a name that somebody heard."""
    return cast("Told", heard.payloads(who, event_name)[0][field])


# ---- opening a question ------------------------------------------------------------------------------------------


def _joined(model: "DongneModel", who: Person, event: dongne.JoinQuestion, heard: Heard) -> Iterator[Broken]:
    question = model.questions[event.questionId]
    members = list(dict.fromkeys([*question.members, who]))
    wanted = sorted({(str(m.identity.id), m.identity.nickname) for m in members if m.identity is not None})
    users = cast("Sequence[Told]", heard.payloads(who, "room_users")[0]["users"])
    came = sorted((str(user["id"]), str(user["nickname"])) for user in users)
    if came != wanted:
        ids: list[list[Json]] = [[user_id for user_id, _ in users] for users in (wanted, came)]
        yield Broken(
            "dongne/join/2", f"room_users names {_listed(wanted)}", _listed(came), check=Check.PRESENCE_CONVERGES
        ).shown(Symptom.listed(who, "room_users", ("users", EACH, "id"), *ids))
    messages = cast("Sequence[Told]", heard.payloads(who, "question_messages")[0]["messages"])
    if wrong := _differs(question.answers, messages):
        yield Broken(
            "dongne/join/3",
            f"question_messages holds the {len(question.answers)} answers in order",
            wrong,
            check=Check.HISTORY_KEPT,
        ).shown(_unlike(who, "question_messages", question.answers, messages))


def _unlike(who: Person, event_name: str, wanted: Sequence[Told], came: Sequence[Told]) -> Symptom:
    """Return what shows that somebody hears a list of other answers than these, or of the same told otherwise."""
    ids, known = [one["id"] for one in came], [one["id"] for one in wanted]
    if ids != known:
        return Symptom.listed(who, event_name, ("messages", EACH, "id"), known, ids)
    number = next(number for number, one in enumerate(came) if one != wanted[number])
    return _otherwise(who, event_name, ("messages", number), wanted[number], came[number])


def _otherwise(who: Person, event_name: str, path: Path, wanted: Told, came: Told) -> Symptom:
    """Return what shows that the object at a path in an event has another value than it must have."""
    name = next(name for name, value in came.items() if value != wanted.get(name))
    return Symptom.told(who, event_name, (*path, name), wanted.get(name))


def _differs(wanted: Sequence[Told], came: Sequence[Told]) -> str:
    """Say how a list of answers is not what it is to be; empty where it is."""
    ids, known = [one["id"] for one in came], [one["id"] for one in wanted]
    if ids != known:
        return f"the answers {_listed(ids)} for {_listed(known)}"
    return next((f"{one} for {two}" for one, two in zip(came, wanted, strict=True) if one != two), "")


def _listed(items: Sequence[object]) -> str:
    return ", ".join(map(str, items)) or "nothing"


# ---- asking ------------------------------------------------------------------------------------------------------


def _asked(model: "DongneModel", who: Person, event: dongne.CreateQuestion, heard: Heard) -> Iterator[Broken]:
    told = first(heard, who, "question_created", "question")
    said = event.to_json()
    wanted: dict[str, Json] = {
        "userId": model.user_id(who),
        "location": said["location"],
        "urgency": said.get("urgency", "normal"),
    }
    for name, value in wanted.items():
        if told[name] != value:
            yield Broken(
                "dongne/ask/1", f"a question with {name}={value!r}", f"{name}={told[name]!r}", check=Check.WRONG_FIELDS
            ).shown(Symptom.told(who, "question_created", ("question", name), value))
    if told["id"] in model.questions:
        yield Broken(
            "dongne/ask/1", "a question has an id of its own", f"{told['id']} is another's", check=Check.WRONG_FIELDS
        ).shown(Symptom.heard(who, "question_created", Test(("question", "id"), "is", told["id"]), times=1))
    for broken, name in _kept(told, said, ("title", "content", "category"), "dongne/ask/1", "dongne/ask/4"):
        yield broken.shown(_again(who, "question_created", ("question", name), told[name]))
    kept, tags = cast("Sequence[str]", told["hashtags"]), cast("Sequence[str]", said.get("hashtags", ()))
    if any(map(texts.has_markup, kept)):
        markup = Broken("dongne/ask/4", "hashtags without markup", _listed(kept), check=Check.WRONG_FIELDS)
        yield markup.shown(_again(who, "question_created", ("question", "hashtags"), kept))
    if len(kept) != len(tags) or not all(map(texts.is_kept_as, tags, kept)):
        bare = [tag for tag in tags if not texts.is_blank(tag)]
        if len(kept) != len(bare) or not all(map(_is_same_tag, bare, kept)):
            lost = Broken("dongne/ask/1", f"the hashtags {_listed(bare)}", _listed(kept), check=Check.WRONG_FIELDS)
            yield lost.shown(_again(who, "question_created", ("question", "hashtags"), kept))
    for listener in heard.by:
        for payload in heard.payloads(listener, "new_question_notification"):
            summary = cast("Told", payload["question"])
            if summary["id"] == told["id"] and (wrong := {k: v for k, v in summary.items() if told[k] != v}):
                yield Broken(
                    "dongne/stage/1",
                    f"{listener} is told of the question as it is kept",
                    str(wrong),
                    check=Check.WRONG_FIELDS,
                ).shown(_otherwise(listener, "new_question_notification", ("question",), told, summary))


def _is_same_tag(said: str, kept: str) -> bool:
    return texts.is_kept_as(said, kept) or said.strip().lstrip("#") == kept


def _again(who: Person, event_name: str, path: Path, value: Json) -> Symptom:
    """Return what shows that somebody hears such a value again, which is no right one."""
    return Symptom.heard(who, event_name, Test(path, "is", value), times=1)


def _kept(
    told: Told, said: Mapping[str, Json], names: Sequence[str], kept: str, stripped: str
) -> Iterator[tuple[Broken, str]]:
    """Yield what is wrong with texts as they are kept, and where."""
    for name in names:
        text, before = str(told.get(name, "")), str(said.get(name, ""))
        if texts.has_markup(text):
            yield Broken(stripped, f"a {name} without markup", text), name
        elif not texts.is_kept_as(before, text):
            yield Broken(kept, f"the {name} {before.strip()!r}", repr(text)), name


# ---- answering ---------------------------------------------------------------------------------------------------


def _answered(model: "DongneModel", who: Person, event: dongne.CreateAnswer, heard: Heard) -> Iterator[Broken]:
    told = first(heard, who, "answer_created", "answer")
    assert who.identity is not None
    author: dict[str, Json] = {"id": who.identity.id, "nickname": who.identity.nickname}
    said = event.to_json()
    wanted: dict[str, Json] = {
        "questionId": event.questionId,
        "userId": who.identity.id,
        "user": author,
        "images": said.get("images", []),
        "isAccepted": False,
    }
    for name, value in wanted.items():
        if told[name] != value:
            yield Broken(
                "dongne/answer/3",
                f"an answer with {name}={value!r}",
                f"{name}={told[name]!r}",
                check=Check.WRONG_FIELDS,
            ).shown(Symptom.told(who, "answer_created", ("answer", name), value))
    if model.answer(str(told["id"])) is not None:
        yield Broken(
            "dongne/answer/3", "an answer has an id of its own", f"{told['id']} is another's", check=Check.WRONG_FIELDS
        ).shown(_again(who, "answer_created", ("answer", "id"), told["id"]))
    for broken, name in _kept(told, said, ("content",), "dongne/answer/3", "dongne/answer/6"):
        yield broken.shown(_again(who, "answer_created", ("answer", name), told[name]))
    for listener in heard.by:
        for payload in heard.payloads(listener, "new_answer"):
            answer = cast("Told", payload["answer"])
            if wrong := {name: value for name, value in answer.items() if told[name] != value}:
                yield Broken(
                    "dongne/answer/1",
                    f"{listener} hears the answer as its author does",
                    str(wrong),
                    check=Check.WRONG_FIELDS,
                ).shown(_otherwise(listener, "new_answer", ("answer",), told, answer))
        for payload in heard.payloads(listener, "answer_notification"):
            preview = dict(cast("Told", payload["answer"]))
            text = str(preview.pop("preview"))
            if not texts.is_beginning(text, str(told["content"])):
                yield Broken(
                    "dongne/answer/2",
                    f"the first 100 characters of {told['content']!r}",
                    repr(text),
                    check=Check.WRONG_FIELDS,
                ).shown(_again(listener, "answer_notification", ("answer", "preview"), text))
            if wrong := {name: value for name, value in preview.items() if told[name] != value}:
                yield Broken(
                    "dongne/answer/2", f"{listener} is notified of that answer", str(wrong), check=Check.WRONG_FIELDS
                ).shown(_otherwise(listener, "answer_notification", ("answer",), told, preview))


def _accepted(event: dongne.AcceptAnswer, heard: Heard) -> Iterator[Broken]:
    for listener in heard.by:
        for payload in heard.payloads(listener, "notification"):
            data = cast("Told", payload["data"])
            if data.get("answerId", event.answerId) == event.answerId and not data.get("points"):
                pointless = Broken("dongne/accept/5", "a notification that says how many points it gave", str(payload))
                yield pointless.shown(Symptom.heard(listener, "notification", Test(("data",), "lacks", "points")))


# ---- moving ------------------------------------------------------------------------------------------------------


def _moved(model: "DongneModel", event: dongne.UpdateLocation, heard: Heard) -> Iterator[Broken]:
    here = Point(event.latitude, event.longitude)
    for listener in heard.by:
        updates = heard.payloads(listener, "nearby_questions_update")
        ours = [update for update in updates if _place(cast("Told", update["location"])) == here]
        if updates and not ours:
            yield Broken(
                "dongne/location/1",
                f"{listener} hears the position {here}",
                str(updates[0]["location"]),
                check=Check.WRONG_FIELDS,
            ).shown(Symptom.told(listener, UPDATE, ("location",), _location(here)))
        for update in ours:
            listed = cast("Sequence[Told]", update["questions"])
            for expected, came, test in _nearby(model, here, listed):
                broken = Broken("dongne/location/2", f"{listener} hears {expected}", came, check=Check.WRONG_FIELDS)
                yield broken.shown(Symptom.heard(listener, UPDATE, test, times=1))
            for expected, came, test in _far(model, here, listed):
                yield Broken(
                    "dongne/stage/12",
                    f"{listener} hears {expected}",
                    came,
                    ("dongne/location/2",),
                    check=Check.WRONG_FIELDS,
                ).shown(Symptom.heard(listener, UPDATE, test, times=1))


def _location(place: Point) -> Json:
    return {"latitude": place.lat, "longitude": place.lng}


def _place(location: Told) -> Point:
    return Point(location["latitude"], location["longitude"])


def _nearby(model: "DongneModel", here: Point, listed: Sequence[Told]) -> Iterator[tuple[str, str, Test]]:
    """Yield what is wrong with a list of questions, and shows it; those of strangers are taken at their word."""
    all_ids: Path = ("questions", EACH, "id")
    ids, distances = [one["id"] for one in listed], [float(one["distance"]) for one in listed]
    if len(set(ids)) < len(ids):
        yield "each question once", _listed(ids), Test(all_ids, "is", ids)
    if distances != sorted(distances):
        yield "the nearest questions first", _listed(distances), Test(("questions", EACH, "distance"), "falls")
    if distances and max(distances) > RADIUS_M + ROUNDED_M:
        far = distances.index(max(distances))
        test = Test(("questions", far, "distance"), "is over", RADIUS_M + ROUNDED_M)
        yield f"questions within {RADIUS_M} m", f"one at {max(distances):.0f} m", test
    reach_m = distances[-1] if len(listed) == LISTED else RADIUS_M
    for question in model.questions.values():
        distance = distance_m(here, question.at)
        mine = [one for one in listed if one["id"] == question.id]
        if not mine:
            is_due = distance < min(reach_m, RADIUS_M) - ROUNDED_M and _age_s(model, question) < HOUR_S - _edge_s(model)
            if is_due:
                expected = f"the question {question.id}, {distance:.0f} m away"
                yield expected, f"the questions {_listed(ids)}", Test(all_ids, "lacks", question.id)
            continue
        if _age_s(model, question) > HOUR_S + _edge_s(model):
            came = f"{question.id}, {_age_s(model, question):.0f} s old"
            yield "questions of the last hour", came, Test(all_ids, "has", question.id)
        if wrong := {k: v for k, v in mine[0].items() if k != "distance" and question.told[k] != v}:
            name = next(iter(wrong))
            test = Test(("questions", ids.index(question.id), name), "is not", question.told[name])
            yield f"{question.id} as it is kept", str(wrong), test


def _far(model: "DongneModel", here: Point, listed: Sequence[Told]) -> Iterator[tuple[str, str, Test]]:
    """Yield which questions are said to be nearer or farther than they are, and what shows it."""
    for number, one in enumerate(listed):
        if (question := model.questions.get(str(one["id"]))) is not None:
            distance = distance_m(here, question.at)
            if abs(float(one["distance"]) - distance) > ROUNDED_M:
                test = Test(("questions", number, "distance"), "is", one["distance"])
                yield f"{question.id} at {distance:.1f} m", f"{one['distance']} m", test


def _age_s(model: "DongneModel", question: "Question") -> float:
    return (model.moment - question.asked_at) * model.target.time_scale


def _edge_s(model: "DongneModel") -> float:
    return AT_THE_HOUR_S * model.target.time_scale


# ---- catching up -------------------------------------------------------------------------------------------------


def _synced(model: "DongneModel", who: Person, event: dongne.SyncUnreadMessages, heard: Heard) -> Iterator[Broken]:
    [payload] = heard.payloads(who, "unread_messages")
    messages = cast("Sequence[Told]", payload["messages"])
    since = moment(event.lastSyncTimestamp)
    mine = [q for q in model.questions.values() if q.notices.asker_id == model.user_id(who)]
    own = {question.id for question in mine}
    every: list[Told] = sorted((one for q in mine for one in q.answers), key=_created)
    due = {str(one["id"]) for one in every if _created(one) > since}
    ids = [str(one["id"]) for one in messages]
    every_id: Path = ("messages", EACH, "id")

    def wrong(expected: str, came: str, *tests: Test) -> Broken:
        shown = Symptom.heard(who, "unread_messages", *tests, times=1)
        return Broken("dongne/sync/1", expected, came, check=Check.HISTORY_KEPT).shown(shown)

    if len(set(ids)) < len(ids):
        yield wrong("each answer once", _listed(ids), Test(every_id, "is", ids))
    if missing := sorted(due - set(ids)):
        came = f"without {_listed(missing)}"
        yield wrong(
            f"all {len(due)} answers since {event.lastSyncTimestamp}", came, Test(every_id, "lacks", missing[0])
        )
    times = [_created(one) for one in messages]
    if times != sorted(times):
        all_times = [one["createdAt"] for one in messages]
        test = Test(("messages", EACH, "createdAt"), "falls")
        yield wrong("answers in the order of their times", _listed(all_times), test)
    if times and times[0] < since:
        early = messages[0]
        test = Test(every_id, "has", early["id"])
        yield wrong(f"answers after {event.lastSyncTimestamp}", str(early["createdAt"]), test)
    known = {str(one["id"]): one for one in every}
    # Somebody whom the target knew before may have answers to questions of earlier days.
    ours = [one for one in messages if one["questionId"] in model.questions]
    if strange := [one for one in ours if one["questionId"] not in own or str(one["id"]) not in known]:
        yield wrong(f"answers to questions of {who}'s", str(strange[0]), Test(every_id, "has", strange[0]["id"]))
    listed = [one["id"] for one in ours]
    if listed != (right := [one["id"] for one in every if one["id"] in listed]):
        yield wrong(f"the order {_listed(right)}", _listed(listed), Test(every_id, "is not", right))
    for number, one in enumerate(messages):
        if one in ours and one != (kept := known.get(str(one["id"]), one)):
            name = next(name for name, value in one.items() if value != kept.get(name))
            yield wrong(f"the answer {kept}", str(one), Test(("messages", number, name), "is not", kept.get(name)))


def _created(answer: Told) -> float:
    return moment(str(answer["createdAt"]))
