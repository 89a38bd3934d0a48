"""Leaves out of a trace what cannot matter, so that it can be read: what was refused, and people at the edge."""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Final

from conformance.reproduce.trace import Bound, Env, Picked, Shown, Source, Step, Template, Token, Trace, sources, spoken
from conformance.symptom import EACH, HTTP

COUNTS: Final = {"is under", "is over", "is long"}
"""Tests of a number, which may be that of everybody who is there."""


def pruned(trace: Trace) -> Trace:
    """Return a trace without steps that the contract refuses, and without people who take no part in it."""
    tried = {(step.deed, step.name) for step in trace.steps[trace.window : trace.window + 1]}
    deafening = _deafening(trace)
    for n in reversed(range(trace.window)):
        # What was refused may have changed something all the same, where another event brings it to light.
        if trace.steps[n].is_refused and (trace.steps[n].deed, trace.steps[n].name) in tried and n != deafening:
            trace = _without(trace, {n})
    for who in dict.fromkeys(step.who for step in trace.steps):
        if _is_bystander(trace, who):
            trace = _without(trace, {n for n, step in enumerate(trace.steps) if step.who == who})
    for n in reversed(range(trace.window)):
        if _is_idle_request(trace, n):
            trace = _without(trace, {n})
    return trace


def _audience(trace: Trace) -> set[str]:
    """Return who heard of what was done in the end, where something was missed of it: it may tell of their hearing."""
    if not any(one.symptom.is_missing for one in trace.symptoms):
        return set()
    return {who for step in trace.steps[trace.window :] for who, _ in step.heard}


def _deafening(trace: Trace) -> int | None:
    """Return which step may be why somebody goes unheard in the end: the last that was refused to them before."""
    if not any(one.symptom.is_missing for one in trace.symptoms):
        return None
    who = {step.who for step in trace.steps[trace.window : trace.window + 1]}
    refused = [n for n, step in enumerate(trace.steps[: trace.window]) if step.is_refused and step.who in who]
    return max(refused, default=None)


def _is_of_all(shown: Shown) -> bool:
    """Say whether something shows by what everybody has done together: who is there, a number, or a list."""
    symptom = shown.symptom
    is_of_many = any(test.like in COUNTS or EACH in test.path for test in symptom.tests)
    return symptom.is_of_all or symptom.gathers is not None or is_of_many


def _is_bystander(trace: Trace, who: str) -> bool:
    """Say whether somebody only came, perhaps to another place, and nobody else has to do with them."""
    own = [n for n, step in enumerate(trace.steps) if step.who == who]
    if any(map(_is_of_all, trace.symptoms)):
        return False
    if all(step.deed == "wait" for step in trace.steps[trace.window :]):
        return False  # it came by itself, of whatever somebody did before
    if (
        who == HTTP
        or who in trace.makers
        or any(n >= trace.window for n in own)
        or any(who == one.symptom.who for one in trace.symptoms)
    ):
        return False
    if any(trace.steps[n].deed not in {"connect", "emit", "leave", "cut"} for n in own):
        return False
    tokens = [source for n in own for source in spoken(trace.steps[n]) if isinstance(source, Token)]
    others = [step for step in trace.steps if step.who != who and not _is_in_name_of(step, tokens)]
    said = [template for step in others for template in (step.arguments, step.url, step.headers, step.auth)]
    said += [value for one in trace.symptoms for value in one.every]
    if who in _audience(trace):
        return False
    key = {one.symptom.who for one in trace.symptoms} | {step.who for step in trace.steps[trace.window :]}
    if _is_spoken_of(trace, who, own, tokens, said) or _is_user_of(trace, who, key):
        return False
    # Whoever did only what several did, such as coming and joining, or those did who matter, is one of many.
    doers = {(step.deed, step.name, step.who) for step in trace.steps}
    several = Counter((deed, name) for deed, name, _ in doers)
    usual = {(step.deed, step.name) for step in trace.steps if step.who in key or several[step.deed, step.name] > 1}
    return all((trace.steps[n].deed, trace.steps[n].name) in usual for n in own)


def _is_user_of(trace: Trace, who: str, key: Collection[str]) -> bool:
    """Say whether somebody is the same user as one of those who matter, by what they show: another of their sockets."""
    own, others = (
        [one for step in trace.steps if step.who in group for one in spoken(step) if isinstance(one, Token | Env)]
        for group in ((who,), key)
    )
    return any(one in others for one in own)


def _is_in_name_of(step: Step, tokens: Sequence[Token]) -> bool:
    """Say whether a request shows one of these tokens."""
    return step.who == HTTP and any(source in tokens for source in spoken(step))


def _is_spoken_of(
    trace: Trace, who: str, own: Sequence[int], tokens: Sequence[Token], said: Sequence[Template]
) -> bool:
    """Say whether others say anything that they know of somebody: what they heard, or whose session they have."""
    got = [picked.step for n in own for picked in _picks(spoken(trace.steps[n]))]
    sessions = [step for step in got if trace.steps[step].is_session]
    picks = _picks([source for template in said for source in sources(template)])
    if any(picked.who == who or picked.step in sessions for picked in picks):
        return True
    known = [leaf for token in tokens for leaf in _leaves(dict(token.claims))]
    spoken_of = [leaf for template in said for leaf in _leaves(template)]
    return any(leaf in spoken_of for leaf in known if leaf != who)


def _leaves(template: Template) -> Iterator[Template]:
    """Yield the texts of a template; what stands in a token is its bearer's own business."""
    match template:
        case Bound() | str():
            yield template
        case bytes():
            return
        case Mapping():
            for value in template.values():
                yield from _leaves(value)
        case Sequence():
            for value in template:
                yield from _leaves(value)


def _is_idle_request(trace: Trace, n: int) -> bool:
    """Say whether a request got a session that nobody uses, or was made in the name of nobody who is left."""
    step = trace.steps[n]
    if step.name == "GET" and any(HTTP in one.symptom.names for one in trace.symptoms):
        return False  # what was answered to it counts
    templates = [source for one in trace.symptoms for value in one.every for source in sources(value)]
    others = [source for place, one in enumerate(trace.steps) if place != n for source in spoken(one)]
    if step.deed != "http" or any(picked.step == n for picked in _picks([*templates, *others])):
        return False
    people = [source for one in trace.steps if one.who != HTTP for source in spoken(one)]
    tokens = [source for source in spoken(step) if isinstance(source, Token)]
    return step.is_session or step.name == "GET" or (bool(tokens) and not any(token in people for token in tokens))


def _without(trace: Trace, dropped: Collection[int]) -> Trace:
    """Return a trace without some steps, or the whole where others speak of what came of these."""
    said = [source for n, step in enumerate(trace.steps) if n not in dropped for source in spoken(step)]
    said += [source for one in trace.symptoms for value in one.every for source in sources(value)]
    if not dropped or any(n >= trace.window for n in dropped) or any(one.step in dropped for one in _picks(said)):
        return trace
    kept = [n for n in range(len(trace.steps)) if n not in dropped]
    places = {n: place for place, n in enumerate(kept)}
    gone = {step.who for step in trace.steps} - {trace.steps[n].who for n in kept}
    return replace(
        trace,
        steps=tuple(_moved(trace.steps[n], places, gone) for n in kept),
        window=sum(n < trace.window for n in kept),
        symptoms=tuple(one.changed(lambda value: _at(value, places)) for one in trace.symptoms),
    )


def _moved(step: Step, places: dict[int, int], gone: Collection[str]) -> Step:
    return replace(
        step,
        arguments=tuple(_at(value, places) for value in step.arguments),
        url=_at(step.url, places),
        headers={name: _at(value, places) for name, value in step.headers.items()},
        auth=_at(step.auth, places),
        heard=tuple((who, name) for who, name in step.heard if who not in gone),
    )


def _at(template: Template, places: dict[int, int]) -> Template:
    match template:
        case Bound(parts=parts):
            return Bound(tuple(part if isinstance(part, str) else _source_at(part, places) for part in parts))
        case str() | bytes():
            return template
        case dict():
            return {key: _at(value, places) for key, value in template.items()}
        case list() | tuple():
            return [_at(value, places) for value in template]
        case _:
            return template


def _source_at(source: Source, places: dict[int, int]) -> Source:
    match source:
        case Picked(step=step):
            return replace(source, step=places[step])
        case Token(claims=claims):
            return replace(source, claims=tuple((key, _at(value, places)) for key, value in claims))
        case _:
            return source


def _picks(found: Collection[Source] | Iterator[Source]) -> list[Picked]:
    return [source for source in found if isinstance(source, Picked)]
