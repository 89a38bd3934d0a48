"""How sessions are got, as a target.toml says it."""

import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocols.contract import Json
from protocols.errors import UsageError
from simulators.people_config import Jwt, PeopleConfig
from simulators.tables import read_table
from simulators.templates import fill

VALUES: dict[str, Json] = {"n": 7, "nickname": "Mina", "scope": "plaza", "id": "u-7", "password": ""}


def people(text: str) -> PeopleConfig:
    return read_table(PeopleConfig, tomllib.loads(text))


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ('[guests]\nhttp = {url = "/a", pick = {token = "/t"}}\njwt = {secret = "s", claims = {}}', "either"),
        ('[guests.http]\nurl = "/a"\npick = {id = "/id"}', "must say where the token stands"),
        ('[guests.http]\nurl = "/a"\npick = {token = "token"}', "JSON pointers begin with /"),
        ('[guests.http]\nurl = "/{who}"\npick = {token = "/t"}', "unknown {who}"),
        ('[guests.http]\nurl = "/a"\nbody = {list = ["{nick}"]}\npick = {token = "/t"}', "unknown {nick}"),
        ('[guests.jwt]\nclaims = {sub = "{user}"}\nsecret = "s"', "unknown {user}"),
        ("[guests.jwt]\nclaims = {}", "either secret or secret_env"),
        ('[guests]\nid = "{x}"\njwt = {secret = "s", claims = {}}', "unknown {x}"),
        ('[[users]]\nid = "a"\nnickname = "A"', "a: without a token"),
        ('[[users]]\nid = "a"\nnickname = "A"\ntoken = "1"\ncount = 0', "0 users; it takes 1 to"),
        ('[[users]]\nid = "a"\nnickname = "A"\ntoken = "1"\ncount = 2', "one id"),
        (
            (
                '[[users]]\nid = "a-{n}"\nnickname = "A"\ncount = 2\n'
                '[login.jwt]\nsecret = "s"\nclaims = {mail = "{email}"}'
            ),
            "login.jwt: unknown {email}; there is {id}",
        ),
        ('[guests]\ndetails = {email = "{mail}"}\njwt = {secret = "s", claims = {}}', "guests: unknown {mail}"),
        (
            '[[users]]\nid = "a"\nnickname = "A"\ntoken = "1"\n[[users]]\nid = "a"\nnickname = "B"\ntoken = "2"',
            "one id",
        ),
    ],
)
def test_mistakes(text: str, complaint: str) -> None:
    with pytest.raises(UsageError) as refused:
        people(text)
    assert complaint in str(refused.value)


def test_a_login_makes_up_for_missing_tokens() -> None:
    config = people('[[users]]\nid = "a"\nnickname = "A"\n[login.jwt]\nsecret = "s"\nclaims = {sub = "{id}"}')
    assert config.login is not None


def test_a_secret_may_stand_in_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    way = Jwt(claims={}, secret_env="REHEARSAL_TEST_SECRET")
    with pytest.raises(UsageError, match="REHEARSAL_TEST_SECRET is not set"):
        _ = way.key
    monkeypatch.setenv("REHEARSAL_TEST_SECRET", "s3cret")
    assert way.key == "s3cret"


def test_templates_are_filled_in_place() -> None:
    template: Json = {"who": "{nickname}", "where": ["/{scope}/{n}"], "n": "{n}", "fixed": 1, "none": None}
    assert fill(template, VALUES) == {"who": "Mina", "where": ["/plaza/7"], "n": 7, "fixed": 1, "none": None}


@given(st.text().filter(lambda text: "{" not in text))
def test_what_is_no_template_stays(text: str) -> None:
    assert fill(text, VALUES) == text
