"""Takes out of what was said what belongs to one run: ids that the server gave, sessions, names made for the run."""

import os
import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Final, cast

from conformance.reproduce.evidence import Evidence
from conformance.reproduce.trace import Bound, Env, Fresh, Picked, Run, Source, Template, Token
from simulators.people import Asked, Given, Signed
from simulators.target import Target

_UUID: Final = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
_LEAST: Final = 6
"""Characters of the shortest text that is taken for an id."""
_DAY_MS: Final = 86_400_000
_NOW_S: Final = 600
"""How long ago a token may have been made that was made for now."""
_MOMENT: Final = 10**9
"""The least number that is taken for a moment: nobody says such numbers by chance."""


class Binder:
    """What each value stood for first; `ask` makes the HTTP call that got a token a step, and says where it is."""

    def __init__(self, evidence: Evidence, ask: Callable[[str, Asked], Picked]) -> None:
        self._origins = evidence.origins
        self._runs = re.compile("|".join(map(re.escape, evidence.runs)))
        self._target = evidence.target
        self._secrets = dict(_secrets(evidence.target))
        self._ask = ask
        self._said: set[object] = set()
        self._heard: dict[object, Picked] = {}
        self._fresh: dict[str, Fresh] = {}
        self._moments: dict[int, Picked] = {}
        self._tokens: dict[str, Source] = {}
        self._called: dict[str, str] = {}  # guest's id in this run -> the name of who plays them

    # ---- what is said ------------------------------------------------------------------------------------------

    def say(self, value: object) -> Template:
        """Return what was said as a template; whatever of it nobody has heard before is ours."""
        match value:
            case str():
                return self._text(value)
            case Mapping():
                return {key: self.say(item) for key, item in value.items()}
            case bytes() | bytearray() | memoryview():
                return bytes(value)
            case Sequence():
                return [self.say(item) for item in value]
            case int() | float() if not isinstance(value, bool) and value in self._heard:
                return Bound((self._heard[value],))
            case int() if not isinstance(value, bool) and value >= _MOMENT and (near := self._near(value)) is not None:
                return Bound((near,))
        self._said.add(value)
        return cast("Template", value)

    def _near(self, moment: int) -> Picked | None:
        """Return the last moment that was heard, and how far away this one is; None where that is more than a day."""
        heard = [one for one in self._heard if isinstance(one, int) and abs(moment - one) < _DAY_MS]
        if heard and moment not in self._moments:  # it stays what it was when it was said first
            self._moments[moment] = replace(self._heard[heard[-1]], plus=moment - heard[-1])
        return self._moments.get(moment)

    def call(self, token: str, name: str) -> None:
        """Call the guest who holds a token, who was a number in this run, by the name of whoever plays them."""
        origin = self._origins.get(token)
        if not isinstance(origin, Signed) or not self._runs.pattern:
            return
        texts = [one for one in origin.claims.values() if isinstance(one, str) and self._runs.search(one)]
        number = re.search(r"\d+$", min(texts, key=len)) if texts else None
        if number is not None and name not in self._called.values():
            self._called.setdefault(min(texts, key=len), name)

    def _text(self, text: str) -> Template:
        for guest, name in self._called.items():
            if guest in text:
                text = re.sub(rf"{re.escape(guest)}(?!\d)", re.sub(r"\d+$", name, guest), text)
        if text in self._heard:
            return Bound((self._heard[text],))
        parts: list[str | Source] = [text]
        for known, source in (*self._known_secrets(text), *self._known_ids(text)):
            parts = [piece for part in parts for piece in _split(part, known, source())]
        parts = [piece for part in parts for piece in self._own(part)]
        self._said.add(text)
        if all(isinstance(part, str) for part in parts):
            return text
        return Bound(tuple(parts))

    def _known_secrets(self, text: str) -> list[tuple[str, Callable[[], Source]]]:
        tokens = [token for token, origin in self._origins.items() if token in text and not isinstance(origin, Given)]
        secrets = [secret for secret in self._secrets if len(secret) >= _LEAST and secret in text]
        return [
            *((token, partial(self.token, token)) for token in tokens),
            *((secret, partial(self._secrets.__getitem__, secret)) for secret in secrets),
        ]

    def _known_ids(self, text: str) -> list[tuple[str, Callable[[], Source]]]:
        if len(text) <= _LEAST or len(text) > 500:
            return []
        found = [known for known in self._heard if isinstance(known, str) and known in text]
        return [(known, partial(self._heard.__getitem__, known)) for known in sorted(found, key=len, reverse=True)]

    def _own(self, part: str | Source) -> list[str | Source]:
        if not isinstance(part, str):
            return [part]
        pieces: list[str | Source] = []
        end = 0
        for match in self._runs.finditer(part):
            pieces += [part[end : match.start()], Run()]
            end = match.end()
        pieces.append(part[end:])
        return [one for piece in pieces for one in self._uuids(piece) if one != ""]

    def _uuids(self, part: str | Source) -> list[str | Source]:
        if not isinstance(part, str):
            return [part]
        pieces: list[str | Source] = []
        end = 0
        for match in _UUID.finditer(part):
            if _is_made_up(match[0]):
                continue
            fresh = self._fresh.setdefault(match[0], Fresh(len(self._fresh)))
            pieces += [part[end : match.start()], fresh]
            end = match.end()
        return [*pieces, part[end:]]

    # ---- tokens ------------------------------------------------------------------------------------------------

    def token(self, token: str) -> Source:
        """Return where somebody else gets a token as good as this one."""
        if token not in self._tokens:
            self._tokens[token] = self._source(token)
        return self._tokens[token]

    def _source(self, token: str) -> Source:
        origin = self._origins[token]
        if isinstance(origin, Asked):
            return self._ask(token, origin)
        assert isinstance(origin, Signed)  # what was written down is a secret, or known to everybody
        said, lives_s = dict(origin.claims), origin.expires_s
        match said:
            case {"iat": int(made_s), "exp": int(ends_s)} if abs(time.time() - made_s) < _NOW_S:
                said, lives_s = {key: said[key] for key in said if key not in {"iat", "exp"}}, ends_s - made_s
        claims = tuple((key, self.say(value)) for key, value in said.items())
        secret = public_secret(self._target)
        env = "" if secret else origin.secret_env or "REHEARSAL_JWT_SECRET"
        return Token(claims, origin.prefix, origin.algorithm, lives_s, secret, env)

    # ---- what is heard -----------------------------------------------------------------------------------------

    def hear(self, value: object, at: Picked) -> None:
        """Take in what came, at this place: whatever of it nobody has said before is the server's."""
        match value:
            case Mapping():
                for key, item in value.items():
                    self.hear(item, _below(at, str(key)))
            case list() | tuple():
                for index, item in enumerate(value):
                    self.hear(item, _below(at, index))
            case str() if not _is_id(value) or value in self._said or self._is_own(value):
                return
            case str():
                self._note(value, at)
            case int() | float() if not isinstance(value, bool) and value >= _MOMENT and value not in self._said:
                self._note(value, at)

    def _is_own(self, text: str) -> bool:
        """Say whether a text is made of names of this run, and of nothing besides that looks like an id."""
        rest = self._runs.sub(" ", text)
        return rest != text and not any(map(_is_id, re.split(r"[^\w-]+", rest)))

    def _note(self, value: object, at: Picked) -> None:
        known = self._heard.get(value)
        # What stands in a list may stand elsewhere in it the next time.
        if known is None or (_is_in_list(known) and not _is_in_list(at)):
            self._heard[value] = at

    def is_of_the_server(self, value: object) -> bool:
        """Say whether a value is one that the server makes anew each time."""
        return value in self._heard if isinstance(value, str | int | float) else False


def _secrets(target: Target) -> Iterator[tuple[str, Env]]:
    """Yield what the target file holds that nobody else may see, and which environment variable is to hold it."""
    if target.people is not None:
        for user in target.people.users:
            name = re.sub("[^A-Z0-9]", "_", user.id.upper())
            if user.token:
                yield user.token, Env(f"REHEARSAL_TOKEN_{name}")
            if user.password:
                yield user.password, Env(f"REHEARSAL_PASSWORD_{name}")
    if (service := target.service) is not None and (key := service.token or os.environ.get(service.token_env)):
        yield key, Env(service.token_env or "REHEARSAL_SERVICE_TOKEN")


def public_secret(target: Target) -> str:
    """Return what a target's tokens are signed with where everybody knows it, else nothing.

    That of our own reference server stands in its documentation; any other is nobody's business.
    """
    if target.people is not None:
        return ""
    ways = (target.sessions.login, target.sessions.guests)
    return next((way.jwt.secret for way in ways if way is not None and way.jwt is not None), "")


def _split(part: str | Source, known: str, source: Source) -> list[str | Source]:
    if not isinstance(part, str) or known not in part:
        return [part]
    pieces: list[str | Source] = []
    for piece in part.split(known):
        pieces += [piece, source]
    return [piece for piece in pieces[:-1] if piece != ""]


def _below(at: Picked, step: str | int) -> Picked:
    return Picked(at.step, at.who, at.name, at.number, (*at.path, step))


def _is_in_list(at: Picked) -> bool:
    return any(isinstance(step, int) for step in at.path)


def _is_id(text: str) -> bool:
    return _LEAST <= len(text) <= 200 and any(map(str.isdigit, text)) and " " not in text


def _is_made_up(uuid: str) -> bool:
    """Say whether it looks like a UUID that stands in some configuration rather than one made by chance."""
    return uuid.count("0") > 16
