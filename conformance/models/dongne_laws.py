"""What holds of every answer of a `dongne` server and no template can say: lists, texts, and that all hear the same."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any, Final, cast

from conformance.checks import Check
from conformance.expectation import Heard
from conformance.models import dongne_texts as texts
from conformance.models.dongne_places import Point, distance_m
from conformance.person import Person
from conformance.verdict import Broken
from protocols import dongne
from protocols.contract import Event, Json

if TYPE_CHECKING:
    from conformance.models.dongne import DongneModel, Question

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
        yield Broken(
            "dongne/join/2", f"room_users names {_listed(wanted)}", _listed(came), check=Check.PRESENCE_CONVERGES
        )
    messages = cast("Sequence[Told]", heard.payloads(who, "question_messages")[0]["messages"])
    if wrong := _differs(question.answers, messages):
        yield Broken(
            "dongne/join/3",
            f"question_messages holds the {len(question.answers)} answers in order",
            wrong,
            check=Check.HISTORY_KEPT,
        )


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
            )
    if told["id"] in model.questions:
        yield Broken(
            "dongne/ask/1", "a question has an id of its own", f"{told['id']} is another's", check=Check.WRONG_FIELDS
        )
    yield from _kept(told, said, ("title", "content", "category"), "dongne/ask/1", "dongne/ask/4")
    kept, tags = cast("Sequence[str]", told["hashtags"]), cast("Sequence[str]", said.get("hashtags", ()))
    if any(map(texts.has_markup, kept)):
        yield Broken("dongne/ask/4", "hashtags without markup", _listed(kept), check=Check.WRONG_FIELDS)
    if len(kept) != len(tags) or not all(map(texts.is_kept_as, tags, kept)):
        bare = [tag for tag in tags if not texts.is_blank(tag)]
        if len(kept) != len(bare) or not all(map(_is_same_tag, bare, kept)):
            yield Broken("dongne/ask/1", f"the hashtags {_listed(bare)}", _listed(kept), check=Check.WRONG_FIELDS)
    for listener in heard.by:
        for payload in heard.payloads(listener, "new_question_notification"):
            summary = cast("Told", payload["question"])
            if summary["id"] == told["id"] and (wrong := {k: v for k, v in summary.items() if told[k] != v}):
                yield Broken(
                    "dongne/stage/1",
                    f"{listener} is told of the question as it is kept",
                    str(wrong),
                    check=Check.WRONG_FIELDS,
                )


def _is_same_tag(said: str, kept: str) -> bool:
    return texts.is_kept_as(said, kept) or said.strip().lstrip("#") == kept


def _kept(told: Told, said: Mapping[str, Json], names: Sequence[str], kept: str, stripped: str) -> Iterator[Broken]:
    for name in names:
        text, before = str(told.get(name, "")), str(said.get(name, ""))
        if texts.has_markup(text):
            yield Broken(stripped, f"a {name} without markup", text)
        elif not texts.is_kept_as(before, text):
            yield Broken(kept, f"the {name} {before.strip()!r}", repr(text))


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
            )
    if model.answer(str(told["id"])) is not None:
        yield Broken(
            "dongne/answer/3", "an answer has an id of its own", f"{told['id']} is another's", check=Check.WRONG_FIELDS
        )
    yield from _kept(told, said, ("content",), "dongne/answer/3", "dongne/answer/6")
    for listener in heard.by:
        for payload in heard.payloads(listener, "new_answer"):
            answer = cast("Told", payload["answer"])
            if wrong := {name: value for name, value in answer.items() if told[name] != value}:
                yield Broken(
                    "dongne/answer/1",
                    f"{listener} hears the answer as its author does",
                    str(wrong),
                    check=Check.WRONG_FIELDS,
                )
        for payload in heard.payloads(listener, "answer_notification"):
            preview = dict(cast("Told", payload["answer"]))
            text = str(preview.pop("preview"))
            if not texts.is_beginning(text, str(told["content"])):
                yield Broken(
                    "dongne/answer/2",
                    f"the first 100 characters of {told['content']!r}",
                    repr(text),
                    check=Check.WRONG_FIELDS,
                )
            if wrong := {name: value for name, value in preview.items() if told[name] != value}:
                yield Broken(
                    "dongne/answer/2", f"{listener} is notified of that answer", str(wrong), check=Check.WRONG_FIELDS
                )


def _accepted(event: dongne.AcceptAnswer, heard: Heard) -> Iterator[Broken]:
    for listener in heard.by:
        for payload in heard.payloads(listener, "notification"):
            data = cast("Told", payload["data"])
            if data.get("answerId", event.answerId) == event.answerId and not data.get("points"):
                yield Broken("dongne/accept/5", "a notification that says how many points it gave", str(payload))


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
            )
        for update in ours:
            listed = cast("Sequence[Told]", update["questions"])
            for expected, came in _nearby(model, here, listed):
                yield Broken("dongne/location/2", f"{listener} hears {expected}", came, check=Check.WRONG_FIELDS)
            for expected, came in _far(model, here, listed):
                yield Broken(
                    "dongne/stage/12",
                    f"{listener} hears {expected}",
                    came,
                    ("dongne/location/2",),
                    check=Check.WRONG_FIELDS,
                )


def _place(location: Told) -> Point:
    return Point(location["latitude"], location["longitude"])


def _nearby(model: "DongneModel", here: Point, listed: Sequence[Told]) -> Iterator[tuple[str, str]]:
    """Yield what is wrong with a list of questions; those of strangers are taken at their word."""
    ids, distances = [one["id"] for one in listed], [float(one["distance"]) for one in listed]
    if len(set(ids)) < len(ids):
        yield "each question once", _listed(ids)
    if distances != sorted(distances):
        yield "the nearest questions first", _listed(distances)
    if distances and max(distances) > RADIUS_M + ROUNDED_M:
        yield f"questions within {RADIUS_M} m", f"one at {max(distances):.0f} m"
    reach_m = distances[-1] if len(listed) == LISTED else RADIUS_M
    for question in model.questions.values():
        distance = distance_m(here, question.at)
        mine = [one for one in listed if one["id"] == question.id]
        if not mine:
            is_due = distance < min(reach_m, RADIUS_M) - ROUNDED_M and _age_s(model, question) < HOUR_S - _edge_s(model)
            if is_due:
                yield f"the question {question.id}, {distance:.0f} m away", f"the questions {_listed(ids)}"
            continue
        if _age_s(model, question) > HOUR_S + _edge_s(model):
            yield "questions of the last hour", f"{question.id}, {_age_s(model, question):.0f} s old"
        if wrong := {k: v for k, v in mine[0].items() if k != "distance" and question.told[k] != v}:
            yield f"{question.id} as it is kept", str(wrong)


def _far(model: "DongneModel", here: Point, listed: Sequence[Told]) -> Iterator[tuple[str, str]]:
    """Yield which questions are said to be nearer or farther than they are."""
    for one in listed:
        if (question := model.questions.get(str(one["id"]))) is not None:
            distance = distance_m(here, question.at)
            if abs(float(one["distance"]) - distance) > ROUNDED_M:
                yield f"{question.id} at {distance:.1f} m", f"{one['distance']} m"


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
    wrong = partial(Broken, "dongne/sync/1", check=Check.HISTORY_KEPT)
    if len(set(ids)) < len(ids):
        yield wrong("each answer once", _listed(ids))
    if missing := sorted(due - set(ids)):
        yield wrong(f"all {len(due)} answers since {event.lastSyncTimestamp}", f"without {_listed(missing)}")
    times = [_created(one) for one in messages]
    if times != sorted(times):
        yield wrong("answers in the order of their times", _listed([one["createdAt"] for one in messages]))
    if times and times[0] < since:
        yield wrong(f"answers after {event.lastSyncTimestamp}", str(messages[0]["createdAt"]))
    known = {str(one["id"]): one for one in every}
    # Somebody whom the target knew before may have answers to questions of earlier days.
    ours = [one for one in messages if one["questionId"] in model.questions]
    if strange := [one for one in ours if one["questionId"] not in own or str(one["id"]) not in known]:
        yield wrong(f"answers to questions of {who}'s", str(strange[0]))
    listed = [one["id"] for one in ours]
    if listed != (right := [one["id"] for one in every if one["id"] in listed]):
        yield wrong(f"the order {_listed(right)}", _listed(listed))
    for one in ours:
        if one != known.get(str(one["id"]), one):
            yield wrong(f"the answer {known[str(one['id'])]}", str(one))


def _created(answer: Told) -> float:
    return moment(str(answer["createdAt"]))
