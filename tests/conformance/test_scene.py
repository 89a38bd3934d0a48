"""A scene becomes a case of its own name, and says itself which requirement is at stake."""

import pytest

from conformance.cast import Cast
from conformance.scene import Scenes, attributed, reckoning, require
from conformance.symptom import Symptom
from conformance.verdict import Broken


def test_a_scene_is_a_case_with_its_topic_name_and_citations() -> None:
    scenes: Scenes[Cast] = Scenes("toy")

    @scenes.shows("talk/1", "all/5")
    async def talk__in_a_crowd(cast: Cast) -> None:
        """Everybody talks."""

    @scenes.shows("log/1", slow=True)
    async def log__for_ever(cast: Cast) -> None:
        """It is written."""

    first, second = scenes.cases
    assert (first.address, first.subject, first.kind) == ("toy/talk/in-a-crowd", "talk", "scene")
    assert first.cites == ("toy/talk/1", "toy/all/5")
    assert (first.is_slow, second.is_slow, second.address) == (False, True, "toy/log/for-ever")
    assert not first.is_random


def test_require() -> None:
    require(True, "toy/talk/1", "talk", "silence")
    with pytest.raises(Broken, match=r"^toy/talk/1: expected talk; came 404$"):
        require(False, "toy/talk/1", "talk", 404)


def test_a_scene_knows_better_than_a_step_what_is_broken() -> None:
    with pytest.raises(Broken) as caught, attributed("toy/talk/1"):
        raise Broken("toy/all/5", "silence", "talk", ("toy/all/7",))
    assert caught.value.requirement == "toy/talk/1"
    assert caught.value.also == ("toy/all/5", "toy/all/7")
    assert (caught.value.expected, caught.value.came) == ("silence", "talk")


def test_where_everybody_counts_nobody_is_left_out_of_what_shows_it() -> None:
    broken = Broken("toy/talk/1", "talk", "silence").shown(Symptom.heard("ana", "talk"))
    with pytest.raises(Broken) as caught, attributed("toy/all/5"), reckoning():
        raise broken
    assert [symptom.is_of_all for symptom in caught.value.symptoms] == [True]


def test_what_is_attributed_already_stays_as_it_is() -> None:
    broken = Broken("toy/talk/1", "talk", "silence")
    with pytest.raises(Broken) as caught, attributed("toy/talk/1"):
        raise broken
    assert caught.value is broken


def test_a_crash_is_not_attributed_to_anything() -> None:
    with pytest.raises(ZeroDivisionError), attributed("toy/talk/1"):
        raise ZeroDivisionError
