"""Writes a target.toml with comments from what somebody has answered."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final, Literal, TypeAlias

from protocols import PROTOCOLS

Way: TypeAlias = Literal["reference", "guests", "jwt", "login", "accounts"]
WAYS: Final[Mapping[Way, str]] = {
    "reference": "as at our own reference server, with its people",
    "guests": "anybody gets a session by an HTTP call",
    "jwt": "by a token that is signed with a secret we share",
    "login": "accounts log in by an HTTP call",
    "accounts": "a few accounts whose tokens are known",
}
"""How people get in, and the words for it."""

_CLAIMS: Final[Mapping[str, Mapping[str, str]]] = {
    "gateway": {"sub": "{id}", "email": "{id}@example.org"},
    "dongne": {"userId": "{id}"},
    "gopang": {"userId": "{id}", "email": "{id}@example.org", "userType": "member"},
    "hub": {"id": "{id}", "nickname": "{nickname}", "email": "{id}@example.org"},
}
_ANY_CLAIMS: Final = {"sub": "{id}", "name": "{nickname}"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """What is known of a server."""

    url: str
    protocol: str
    namespace: str
    path: str = "/socket.io/"
    transport: str = "websocket"
    way: Way = "reference"
    call: str = "/api/guest"
    """Where guests or accounts ask for a session."""
    token_at: str = "/token"  # noqa: S105  # a place
    """Where the token stands in the answer, as a JSON pointer or `cookie:NAME`."""
    secret_env: str = "JWT_SECRET"  # noqa: S105  # the name of a variable
    accounts: Mapping[str, str] = field(default_factory=dict)
    """Id -> token or password."""
    start: str = ""
    """The command that starts it."""


def render(answers: Answers) -> str:
    """Return the text of a target.toml; it can be read as it is."""
    return "\n".join([*_head(answers), *_process(answers), *_people(answers), *_tail(answers)])


def _head(answers: Answers) -> Iterator[str]:
    yield "# How to reach this server and get into it, for `rehearsal check`, `simulate` and `pytest`. All that"
    yield "# one can say here stands in docs/target.md."
    yield ""
    yield f"url = {_text(answers.url)}"
    yield f"path = {_text(answers.path)}"
    yield f"protocol = {_text(answers.protocol)}"
    yield f"namespace = {_text(answers.namespace)}"
    yield f"transport = {_text(answers.transport)}         # or polling, or upgrade as browsers do"
    yield "patience = 5                    # the contract's deadlines are for an idle machine: allow five times as long"
    yield "known_failures = []             # addresses of requirements that it is known to break"
    yield ""


def _process(answers: Answers) -> Iterator[str]:
    if answers.start:
        yield "# What starts it, and brings it back when an input has ended it."
        yield "[process]"
        yield f"start = {_text(answers.start)}"
        yield '# ready = "listening on"        # words that it prints, or a URL; absent: until it can be connected to'
    else:
        yield "# What brings it back when an input has ended it, so that the run goes on; without it that ends the run."
        yield "# [process]"
        yield '# start = "node server.js"'
        yield '# ready = "listening on"'
    yield ""


def _people(answers: Answers) -> Iterator[str]:
    match answers.way:
        case "reference":
            yield "# People come in as at our own reference server. Where that is not so, say how: a [people] table."
        case "guests":
            yield "# Anybody gets a session by this call."
            yield "[people.guests.http]"
            yield from _call(answers, '{ nickname = "{nickname}", room = "{scope}" }')
        case "jwt":
            yield "# Whoever holds a token that is signed with this secret may come in."
            yield "[people.guests]"
            yield 'id = "guest-{run}-{n}"          # new for each run'
            yield ""
            yield "[people.guests.jwt]"
            yield f"secret_env = {_text(answers.secret_env)}   # the environment variable that holds the secret"
            claims = _CLAIMS.get(answers.protocol, _ANY_CLAIMS)
            yield f"claims = {_table(claims)}"
        case "login":
            yield "# Accounts log in by this call."
            yield "[people.login.http]"
            yield from _call(answers, '{ user = "{id}", password = "{password}" }')
            yield from _accounts(answers, "password")
        case "accounts":
            yield "# These may come in, and nobody else. A case needs up to seven of them."
            yield from _accounts(answers, "token")
    yield ""


def _call(answers: Answers, body: str) -> Iterator[str]:
    yield f"url = {_text(answers.call)}"
    yield f"body = {body}"
    yield "status = [200, 201]             # those that say yes"
    yield "# Where in the answer things stand; there may be id and nickname, too."
    yield f"pick = {{ token = {_text(answers.token_at)} }}"


def _accounts(answers: Answers, secret: str) -> Iterator[str]:
    for name, value in answers.accounts.items():
        yield ""
        yield "[[people.users]]"
        yield f"id = {_text(name)}"
        yield f"nickname = {_text(name)}"
        yield f"{secret} = {_text(value)}"


def _tail(answers: Answers) -> Iterator[str]:
    if PROTOCOLS[answers.protocol].handshake is not None:
        yield "# Where a session is shown, if not as `auth.token` in the handshake:"
        yield "# [credentials.handshake]"
        yield '# query = { token = "{token}" }  # or headers, or cookies'
        yield ""
    yield "# What counts as a refusal besides what the contract says:"
    yield "# [refusal]"
    yield '# handshake = ["disconnect"]    # admitted and disconnected at once'
    yield '# event = "exception"           # an event of this name'
    yield ""
    yield "# What it does not claim to have: events, or addresses of requirements. All else fails where it is missing."
    yield "# [scope]"
    yield f'# lacks = ["{answers.protocol}/http"]'
    yield ""
    yield "# How many connections it takes from one address, if it counts them:"
    yield "# [limits]"
    yield "# connects_per_minute = 100"
    yield ""


def _text(value: str) -> str:
    """Return a basic string of TOML, which is one of JSON."""
    return json.dumps(value, ensure_ascii=False)


def _table(values: Mapping[str, str]) -> str:
    return "{ " + ", ".join(f"{name} = {_text(value)}" for name, value in values.items()) + " }"
