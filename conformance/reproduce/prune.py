"""Leaves out of a trace what cannot matter, so that it can be read: what was refused, and people at the edge."""

from collections.abc import Collection, Iterator
from dataclasses import replace

from conformance.reproduce.trace import Bound, Picked, Source, Step, Template, Token, Trace, sources, spoken
from conformance.symptom import HTTP


def pruned(trace: Trace) -> Trace:
    """Return a trace without steps that the contract refuses, and without people who take no part in it."""
    trace = _without(trace, {n for n, step in enumerate(trace.steps) if step.is_refused and n < trace.window})
    for who in dict.fromkeys(step.who for step in trace.steps):
        if _is_bystander(trace, who):
            trace = _without(trace, {n for n, step in enumerate(trace.steps) if step.who == who})
    return _without(trace, set(_unused_sessions(trace)))


def _is_bystander(trace: Trace, who: str) -> bool:
    """Say whether somebody only came, perhaps to another place, and nobody else has to do with them."""
    own = [n for n, step in enumerate(trace.steps) if step.who == who]
    if who == HTTP or any(n >= trace.window for n in own) or any(who == one.symptom.who for one in trace.symptoms):
        return False
    if any(trace.steps[n].deed not in {"connect", "emit", "leave", "cut"} for n in own):
        return False
    others = [step for n, step in enumerate(trace.steps) if step.who != who]
    if any(picked.who == who for step in others for picked in _picks(spoken(step))):
        return False
    if any(picked.who == who for one in trace.symptoms for value in one.values for picked in _picks(sources(value))):
        return False
    heard_of = any(other != who for n in own for other, _ in trace.steps[n].heard)
    hears = any(one == who for step in others for one, _ in step.heard)
    return not heard_of and not hears


def _unused_sessions(trace: Trace) -> Iterator[int]:
    """Yield the steps that got a session which nobody uses."""
    templates = [one for step in trace.steps for one in spoken(step)]
    shown = [source for one in trace.symptoms for value in one.values for source in sources(value)]
    used = {picked.step for picked in _picks([*templates, *shown])}
    for n, step in enumerate(trace.steps):
        if step.deed == "http" and step.is_session and n not in used and n < trace.window:
            yield n


def _without(trace: Trace, dropped: Collection[int]) -> Trace:
    """Return a trace without some steps, and without those that speak of what came of them."""
    dropped = set(dropped)
    for n, step in enumerate(trace.steps):
        if any(picked.step in dropped for picked in _picks(spoken(step))):
            dropped.add(n)
    shown = [source for one in trace.symptoms for value in one.values for source in sources(value)]
    if not dropped or any(n >= trace.window for n in dropped) or any(one.step in dropped for one in _picks(shown)):
        return trace
    kept = [n for n in range(len(trace.steps)) if n not in dropped]
    places = {n: place for place, n in enumerate(kept)}
    gone = {step.who for step in trace.steps} - {trace.steps[n].who for n in kept}
    return replace(
        trace,
        steps=tuple(_moved(trace.steps[n], places, gone) for n in kept),
        window=sum(n < trace.window for n in kept),
        symptoms=tuple(replace(one, values=tuple(_at(v, places) for v in one.values)) for one in trace.symptoms),
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


def _picks(found: "Collection[Source] | Iterator[Source]") -> list[Picked]:
    return [source for source in found if isinstance(source, Picked)]
