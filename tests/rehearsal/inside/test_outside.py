"""A service that answers, fails and hangs as it is told."""

import json
import urllib.error
import urllib.request

import pytest

from rehearsal.inside.outside import Outside, Reply


def post(url: str, body: object) -> bytes:
    request = urllib.request.Request(url, json.dumps(body).encode(), method="POST")
    with urllib.request.urlopen(request, timeout=5) as response:
        answer: bytes = response.read()
        return answer


def test_what_came_and_what_of_it_was_accepted() -> None:
    with Outside(lambda number, _body: Reply.json({"number": number}) if number else Reply(503)).open() as service:
        with pytest.raises(urllib.error.HTTPError) as failed:
            post(service.url, "first")
        failed.value.close()
        assert json.loads(post(service.url, "second")) == {"number": 1}
        assert service.wait(lambda: len(service.accepted) == 1, 5)
        assert (service.bodies, service.accepted) == (["first", "second"], ["second"])


def test_nobody_is_there_until_it_opens() -> None:
    with Outside(lambda _number, _body: Reply()) as service:
        with pytest.raises(urllib.error.URLError, match="refused"):
            post(service.url, 1)
        service.open()
        post(service.url, 2)
        assert service.bodies == [2]


def test_hanging_up_says_nothing() -> None:
    with Outside(lambda _number, _body: None).open() as service:
        with pytest.raises(ConnectionError):
            post(service.url, 1)
        assert service.accepted == []


def test_what_waits_is_released_at_the_end() -> None:
    def hang(_number: int, _body: object) -> Reply:
        assert service.released.wait(5)
        return Reply()

    with Outside(hang).open() as service:
        with pytest.raises(TimeoutError), urllib.request.urlopen(service.url, b"1", timeout=0.05):
            pass
        assert service.bodies == [1]
    assert service.accepted == [1]


def test_too_little_is_waited_for_in_vain() -> None:
    with Outside(lambda _number, _body: Reply()).open() as service:
        assert not service.wait(lambda: bool(service.bodies), 0.01)
