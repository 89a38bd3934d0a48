"""What changed promises mean: who may say what, who hears what of it, by when, and how a refusal is told."""

from collections.abc import Iterator, Mapping, Sequence
from typing import TypeVar

from protocols.contract import Audience, Level
from protocols.diff.change import Change, breaking, compatible, review
from protocols.strict_yaml import Node

Item = Mapping[str, Node]
"""A trigger, refusal or requirement, as the document spells it."""

_RANK = {Level.MAY: 0, Level.SHOULD: 1, Level.MUST: 2}

# audience -> those who are all part of it
_INCLUDES: Mapping[Node, frozenset[str]] = {
    Audience.ROOM: frozenset({Audience.SENDER, Audience.OTHERS}),
    Audience.NAMESPACE: frozenset(Audience),
}


def requires(old: Sequence[str], new: Sequence[str], address: str) -> Iterator[Change]:
    """Compare `x-requires`."""
    for condition in new:
        if condition not in old:
            yield breaking(address, f"requires `{condition}` now")
    for condition in old:
        if condition not in new:
            yield compatible(address, f"no longer requires `{condition}`")


def rate(old: Node, new: Node, address: str) -> Iterator[Change]:
    """Compare what `x-rate` allows a second; None where there is no limit."""
    if old == new:
        return
    if isinstance(new, int) and (not isinstance(old, int) or new < old):
        yield breaking(address, f"at most {new} a second now, after {old or 'any number'}")
    else:
        yield compatible(address, f"{new or 'any number'} a second now, after {old}")


def triggers(old: Sequence[Item], new: Sequence[Item], address: str) -> Iterator[Change]:
    """Compare `x-triggers`, whose `operation` is the bare id."""
    gone, come = _unmatched(old, new)
    for before in gone:
        candidates = [after for after in come if after["operation"] == before["operation"]]
        if not candidates:
            must = _level(before) is Level.MUST
            yield (breaking if must else review)(address, f"no longer triggers {_trigger(before)}")
            continue
        # The one that has most in common with it is what became of it.
        after = max(candidates, key=lambda candidate: sum(candidate.get(key) == before[key] for key in before))
        come.remove(after)
        yield from _changed_trigger(before, after, f"{address}: {before['operation']}")
    for after in come:
        yield review(address, f"triggers {_trigger(after)} as well")


def _trigger(trigger: Item) -> str:
    which = trigger.get("room") or trigger.get("user")
    return f"{trigger['operation']} to {trigger['to']}{f' {which}' if which else ''}"


def _changed_trigger(old: Item, new: Item, address: str) -> Iterator[Change]:
    if old["to"] != new["to"]:
        wider = old["to"] in _INCLUDES.get(new["to"], frozenset())
        yield (review if wider else breaking)(address, f"goes to {new['to']} now, not to {old['to']}")
    elif (old.get("room"), old.get("user")) != (new.get("room"), new.get("user")):
        yield breaking(address, "goes to somebody else now")
    yield from _when(_texts(old.get("when")), _texts(new.get("when")), address)
    yield from where(_mapping(old.get("where")), _mapping(new.get("where")), address)
    yield from deadline(old["within-ms"], new["within-ms"], address)
    yield from level(_level(old), _level(new), address)
    yield from _disconnects(old, new, address)


def _when(old: Sequence[str], new: Sequence[str], address: str) -> Iterator[Change]:
    if added := [condition for condition in new if condition not in old]:
        yield breaking(address, f"is heard only when {' and '.join(added)}")
    if removed := [condition for condition in old if condition not in new]:
        yield review(address, f"is heard also when not {' and '.join(removed)}")


def where(old: Item, new: Item, address: str) -> Iterator[Change]:
    """Compare the fields that a trigger, ack or refusal promises."""
    for field in old.keys() | new.keys():
        if field not in new:
            yield breaking(address, f"no longer promises {field}")
        elif field not in old:
            yield compatible(address, f"promises {field} too")
        elif old[field] != new[field]:
            yield breaking(address, f"promises another {field}")


def deadline(old: Node, new: Node, address: str) -> Iterator[Change]:
    """Compare deadlines in milliseconds."""
    if isinstance(old, int) and isinstance(new, int) and old != new:
        yield (breaking if new > old else compatible)(address, f"by {new} ms now, after {old} ms")


def level(old: Level, new: Level, address: str) -> Iterator[Change]:
    """Compare how strongly something is promised."""
    if _RANK[new] < _RANK[old]:
        yield (breaking if old is Level.MUST else review)(address, f"{old} became {new}")
    elif _RANK[new] > _RANK[old]:
        yield review(address, f"{old} became {new}")


def refusals(old: Sequence[Item], new: Sequence[Item], address: str) -> Iterator[Change]:
    """Compare `x-errors`, whose `event` is the bare id: the same conditions are the same refusal."""
    before = {frozenset(_texts(item["when"])): item for item in old}
    after = {frozenset(_texts(item["when"])): item for item in new}
    for conditions, item in before.items():
        case = f"{address}: {' and '.join(sorted(conditions))}"
        if (other := after.get(conditions)) is None:
            yield breaking(case, "is no longer refused in a way that is told")
            continue
        if item["code"] != other["code"]:
            yield breaking(case, f"has the code {other['code']} now, not {item['code']}")
        if item.get("event") != other.get("event"):
            yield breaking(
                case, f"is told by {other.get('event', 'the ack')} now, not by {item.get('event', 'the ack')}"
            )
        yield from where(_mapping(item.get("where")), _mapping(other.get("where")), case)
        yield from _disconnects(item, other, case)
    for conditions in after.keys() - before.keys():
        yield review(f"{address}: {' and '.join(sorted(conditions))}", "is refused")


def _disconnects(old: Item, new: Item, address: str) -> Iterator[Change]:
    if old.get("then") != new.get("then"):
        yield (breaking if "then" in new else review)(
            address, f"{'disconnects' if 'then' in new else 'stays connected'} now"
        )


def requirements(old: Mapping[str, Item], new: Mapping[str, Item]) -> Iterator[Change]:
    """Compare the requirements of a protocol, by address."""
    for address, item in old.items():
        if (other := new.get(address)) is None:
            yield (breaking if _level(item) is Level.MUST else review)(address, f"the {_level(item)} was removed")
            continue
        yield from level(_level(item), _level(other), address)
        if item["text"] != other["text"]:
            yield review(address, "is worded differently")
    for address, item in new.items():
        if address not in old:
            must = _level(item) is Level.MUST
            yield (review if must else compatible)(address, f"a {_level(item)} was added")


def _level(item: Item) -> Level:
    return Level(str(item.get("level", Level.MUST)))


_T = TypeVar("_T")


def _unmatched(old: Sequence[_T], new: Sequence[_T]) -> tuple[list[_T], list[_T]]:
    """Return what is only in the one, and only in the other."""
    come = list(new)
    gone = []
    for item in old:
        if item in come:
            come.remove(item)
        else:
            gone.append(item)
    return gone, come


def _texts(node: Node) -> list[str]:
    return [item for item in node if isinstance(item, str)] if isinstance(node, list) else []


def _mapping(node: Node) -> Item:
    return node if isinstance(node, dict) else {}
