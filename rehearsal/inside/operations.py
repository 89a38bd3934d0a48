"""What those who operate the server are told: its log lines, and the alarms of its webhook."""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Final

from conformance.models.space_cast import SpaceCast
from conformance.scene import attributed, require
from conformance.verdict import Broken
from protocols import space
from protocols.contract import Json
from reference_server.mode import Mode
from reference_server.settings import Settings
from rehearsal.inside.outside import Outside, Reply
from rehearsal.inside.scene import Inside, Server, require_at_once, shows

_CODE: Final = re.compile(r"E([1-4])\d{3}")
_KEYS: Final = frozenset({"timestamp", "level", "message", "context"})
_SECRET: Final = "guest-nobody-may-read-this"  # noqa: S105  # opens nothing
_UNVERIFIABLE: Final = "guest-unverifiable"
"""While nobody verifies it, it is an error beside a failed authentication; a dev-* token is the latter alone."""
_RED: Final = 15158332
_MANY: Final = 10
"""Authentication failures within a minute that are worth an alarm."""


# ---- log lines ---------------------------------------------------------------------------------------------------


@shows("operations/1")
def operations__log_lines(inside: Inside) -> None:
    """Errors of all four kinds are provoked in both modes; every line has the form, and none a token."""
    for mode in Mode:
        with Outside(lambda _number, _body: None) as nobody:
            with inside.server(Settings(mode=mode, verify_url=nobody.url)) as server, server.cast() as people:
                secrets = server.ground.run(_provoke(people))
            _check_lines(server, mode, secrets)


async def _provoke(people: SpaceCast) -> list[str]:
    """Make every mistake there is, and return what must not stand in a log."""
    await people.assemble()
    ana, ben = people.person("ana"), people.person("ben")
    stage, scope = people.stage, people.model.scopes[0]
    await stage.say(await people.outsider(), _knock(scope, _SECRET))  # E1 and, as nobody verifies it, E4
    await stage.say_invalid(ana, "player:move", [{"sessionToken": _SECRET}])
    await stage.say_invalid(ana, "no:such:event", [_SECRET])
    await stage.say(ana, space.WhisperSend(targetId="nobody", content=_SECRET))
    connection = ben.connection
    assert connection is not None

    async def break_the_wire() -> None:
        connection.send_raw("this is no packet")
        await connection.wait_closed(stage.target.deadline_s(1000))

    await stage.vanish(ben, break_the_wire)
    return [_SECRET, *people.model.identities]


def _knock(scope: str, token: str) -> space.JoinSpace:
    return space.JoinSpace(spaceId=scope, playerId="eve", nickname="eve", avatarColor="red", sessionToken=token)


def _check_lines(server: Server, mode: Mode, secrets: Sequence[str]) -> None:
    text = server.log.getvalue()
    try:
        lines = server.lines()
    except ValueError as error:
        raise Broken("space/operations/1", "every log line is JSON", f"{error}: {text[:200]}") from error
    for line in lines:
        _check_line(line)
    families = {str(line["code"])[:2] for line in lines if "code" in line}
    expected = "authentication, connection, event and external errors are logged as E1, E2, E3 and E4"
    require(families == {"E1", "E2", "E3", "E4"}, "space/operations/1", expected, ", ".join(sorted(families)))
    says_debug = any(line["level"] == "debug" for line in lines)
    expected = f"{'some' if mode is Mode.DEVELOPMENT else 'no'} lines of level debug in {mode}"
    require(says_debug is (mode is Mode.DEVELOPMENT), "space/operations/1", expected, "some" if says_debug else "none")
    told = [secret for secret in secrets if secret in text]
    require(not told, "space/operations/1", "no session token stands in the log", f"{len(told)} of them do")


def _check_line(line: Json) -> None:
    expected = "log lines are {timestamp, level, code?, message, context}"
    if not isinstance(line, Mapping):
        raise Broken("space/operations/1", expected, str(line))
    require(line.keys() - {"code"} == _KEYS, "space/operations/1", expected, line)
    require(line["level"] in {"debug", "info", "warn", "error"}, "space/operations/1", "a level", line)
    require(_is_moment(line["timestamp"]), "space/operations/1", "a timestamp of ISO 8601", line)
    require(isinstance(line["message"], str), "space/operations/1", "a message in words", line)
    require(isinstance(line["context"], Mapping), "space/operations/1", "a context of names and values", line)
    code = str(line.get("code", "E1000"))
    require(_CODE.fullmatch(code) is not None, "space/operations/1", "a code from E1xxx to E4xxx", line)


def _is_moment(text: Json) -> bool:
    try:
        return datetime.fromisoformat(str(text)).tzinfo is not None
    except ValueError:
        return False


# ---- the webhook -------------------------------------------------------------------------------------------------


@shows("operations/2")
def operations__webhook(inside: Inside) -> None:
    """A webhook that first hangs and then refuses hears of every error, and of authentication failures from ten on."""

    def answer(number: int, _body: Json) -> Reply | None:
        if number == 0:
            webhook.released.wait()
            return None
        return Reply(503) if number == 1 else Reply(204)

    with (
        Outside(lambda _number, _body: None) as nobody,
        Outside(answer).open() as webhook,
        inside.server(Settings(verify_url=nobody.url, webhook_url=webhook.url)) as server,
        server.cast() as people,
    ):
        run = server.ground.run
        run(people.assemble())
        run(_fail_to_join(people, _UNVERIFIABLE))
        _wait_for(inside, webhook, lambda: len(webhook.bodies) == 1, "an error is posted")
        run(_talk_meanwhile(people))
        for _ in range(_MANY - 2):
            run(_fail_to_join(people, "dev-forbidden"))
        # The tenth is an error, too. What is posted comes in order, so an alarm too early would come before it.
        run(_fail_to_join(people, _UNVERIFIABLE))
        webhook.released.set()
        expected = f"both errors, the first at a third try, and then the alarm of authentication failure {_MANY}"
        _wait_for(inside, webhook, lambda: len(webhook.accepted) >= 3, expected)
        errors = [str(line.get("code")) for line in server.lines() if line["level"] == "error"]
        came = [_code_of(card) for card in webhook.accepted]
        require(came == [*errors, "E1001"], "space/operations/2", expected, ", ".join(came))


async def _fail_to_join(people: SpaceCast, token: str) -> None:
    await people.stage.say(await people.outsider(), _knock(people.model.scopes[0], token))


async def _talk_meanwhile(people: SpaceCast) -> None:
    talk = partial(people.stage.say, people.person("ana"), space.ChatMessageRequest(content="meanwhile"))
    with attributed("space/operations/2"):
        await require_at_once(people, people.person("ben"), space.ChatMessageEvent, [talk] * 3, "space/operations/2")


def _wait_for(inside: Inside, webhook: Outside, enough: Callable[[], bool], expected: str) -> None:
    if not webhook.wait(enough, inside.deadline_s(2000)):
        came = f"{len(webhook.bodies)} posts, {len(webhook.accepted)} of them accepted"
        raise Broken("space/operations/2", expected, came)


def _code_of(card: Json) -> str:
    """Return the error code that an embed of Discord tells of; raises Broken for what is none."""
    match card:
        case {
            "embeds": [
                {
                    "title": str(),
                    "description": str(),
                    "color": colour,
                    "fields": [{"name": "Error Code", "value": str(code)}, {"name": "Timestamp", "value": moment}],
                    **others,
                }
            ]
        } if colour == _RED and not others and _CODE.fullmatch(code) and _is_moment(moment):
            return code
    expected = f"embeds: [{{title, description, color: {_RED}, fields: [Error Code, Timestamp]}}]"
    raise Broken("space/operations/2", expected, str(card))


SCENES: Final = (operations__log_lines, operations__webhook)
