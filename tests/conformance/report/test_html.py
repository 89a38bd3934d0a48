"""The page, as a file: what stands in it, and that nothing of it is what a target wrote."""

import json
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conformance.report import Report
from conformance.report.document import read
from conformance.report.html import HtmlFile, rebuild
from conformance.report.names import slug
from conformance.report.words import visible
from protocols.errors import UsageError

from ..stories import case, failed, passed, report, tally

HOSTILE = (
    "<script>document.title='owned'</script>",
    '"><img src=x onerror=alert(1)>',
    "</style></script><svg onload=alert(1)>",
    "{{ 7 * 7 }}{% raw %}",
    "\ud800\x00\u202e]]>&amp;`",
)


class Tags(HTMLParser):
    """The elements of a page with the names of their attributes, and its text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, tuple[str, ...]]] = []
        self.attributes: dict[str, list[str]] = {}
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, tuple(name for name, _ in attrs)))
        for name, value in attrs:
            self.attributes.setdefault(name, []).append(value or "")

    def handle_data(self, data: str) -> None:
        self.text += data


def page(folder: Path, one: Report, name: str = "") -> Tags:
    folder.mkdir(exist_ok=True)
    HtmlFile(folder, name).end(one)
    return Tags((folder / "report.html").read_text("utf-8"))


def test_a_failure_is_told_in_full(tmp_path: Path) -> None:
    found = page(tmp_path, report(tally(failed(case(), also=("toy/talk/2",)), passed(case("random")))))

    for words in (
        "2 requirements broken",
        "Talk is heard.",
        "toy/talk/2",
        "ben hears talk",
        "= ana, ben\nana > talk {}\n! silence",
        "rehearsal check URL toy/talk/valid --seed 7",
        "Met 1 time, by 1 case",
    ):
        assert words in found.text
    assert "sequence" in found.attributes["class"]


def test_every_link_of_the_page_leads_somewhere(tmp_path: Path) -> None:
    page(tmp_path, report(tally(failed(case(), also=("toy/talk/2",)))), "ours & theirs")
    found = page(tmp_path, report(tally(passed(case()))), "the other")

    targets = {link.removeprefix("#") for link in found.attributes["href"] if link != "data:,"}
    assert targets <= set(found.attributes["id"])
    assert len(found.attributes["id"]) == len(set(found.attributes["id"]))


def test_targets_stand_side_by_side_and_a_name_is_one_column(tmp_path: Path) -> None:
    page(tmp_path, report(tally(failed(case()))), "gossip")
    page(tmp_path, report(tally(passed(case()))), "ours")
    found = page(tmp_path, report(tally(failed(case(), "toy/talk/2"))), "gossip")

    assert sorted(path.name for path in (tmp_path / "runs").iterdir()) == ["gossip.json", "ours.json"]
    titles = [title for title in found.attributes["title"] if title.startswith("toy/talk/")]
    assert titles == [
        "toy/talk/1, gossip: skipped",
        "toy/talk/1, ours: passed",
        "toy/talk/2, gossip: failed",
        "toy/talk/2, ours: passed",
    ]


@pytest.mark.parametrize("said", HOSTILE)
def test_what_a_target_says_is_text_wherever_it_stands(tmp_path: Path, said: str) -> None:
    plain = page(tmp_path / "plain", _saying("harmless"))
    hostile = page(tmp_path / "hostile", _saying(said), said)

    assert {tag for tag, _ in hostile.elements} == {tag for tag, _ in plain.elements}
    assert {names for _, names in hostile.elements} == {names for _, names in plain.elements}
    assert [tag for tag, _ in hostile.elements].count("script") == 1
    assert visible(said) in hostile.text


@settings(max_examples=30)
@given(st.text(st.characters()))
def test_no_words_change_what_the_page_is_made_of(tmp_path_factory: pytest.TempPathFactory, said: str) -> None:
    folder = tmp_path_factory.mktemp("page")
    plain = page(folder, report(tally(failed(case()))))
    found = page(folder, report(tally(failed(case(), came=said))))

    assert found.elements == plain.elements


def _saying(said: str) -> Report:
    lines = (f"= {said}", f"ana > talk {said}", f"{said.split()[0]} < talk {said}", f"! ana heard talk {said}", said)
    return report(tally(failed(case(said), came=said, conversation=lines)), stopped=said)


def test_very_long_words_do_not_make_a_very_long_diagram(tmp_path: Path) -> None:
    long = "x" * 1_000_000
    page(tmp_path, report(tally(failed(case(), conversation=(f"ana > talk {long}", f"! {long}")))))

    assert (tmp_path / "report.html").stat().st_size < 2_200_000  # the conversation as text, once


def test_a_script_beside_the_page_stands_in_it_and_none_from_elsewhere_does(tmp_path: Path) -> None:
    folder = tmp_path / "reports"
    page(folder, report(tally(failed(case()))), "ours")
    (tmp_path / "secret").write_text("let me out")
    (folder / "reproducers").mkdir()
    (folder / "reproducers" / "a.py").write_text("import socketio  # </code>\n")
    run = folder / "runs" / "ours.json"
    whole = json.loads(run.read_text())
    whole["reports"][0]["defects"][0]["reproducer"] = {"python": "reproducers/a.py", "node": "../secret"}
    run.write_text(json.dumps(whole))
    rebuild(folder)
    found = Tags((folder / "report.html").read_text("utf-8"))

    assert "import socketio  # </code>" in found.text
    assert "let me out" not in found.text
    assert "The file is not beside this page." in found.text


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("{", "is no report: Expecting"),
        ("[]", "is no report of schema 2"),
        ('{"schema": 1}', "is no report of schema 2; move it away"),
        ('{"schema": 2, "tool": {"name": "rehearsal", "version": "1"}, "exit_code": 0}', "reports: Field required"),
    ],
)
def test_a_file_that_is_no_run_is_named(tmp_path: Path, text: str, why: str) -> None:
    (tmp_path / "runs").mkdir()
    (tmp_path / "runs" / "odd.json").write_text(text)
    with pytest.raises(UsageError, match=why):
        rebuild(tmp_path)
    with pytest.raises(UsageError, match=why):
        HtmlFile(tmp_path, "ours")
    page(tmp_path, report(tally(passed(case()))), "odd")  # takes its place


def test_a_folder_that_cannot_be_written_is_named_before_anything_is_played(tmp_path: Path) -> None:
    (tmp_path / "runs").write_text("a file")
    with pytest.raises(UsageError, match="runs cannot be written"):
        HtmlFile(tmp_path, "ours")


def test_a_run_may_say_more_than_the_page_knows(tmp_path: Path) -> None:
    page(tmp_path, report(tally(passed(case()))), "ours")
    path = tmp_path / "runs" / "ours.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "news": 1}))

    assert read(path).name == "ours"


@given(st.text(st.characters()), st.text(st.characters()))
def test_two_names_are_two_files(one: str, other: str) -> None:
    assert (slug(one) == slug(other)) == (one == other)
    assert not {"/", "\\", "\x00"} & set(slug(one))
    assert slug(one).strip(".")
    slug(one).encode("utf-8")
