"""The files of examples/distributed: they parse, and every command in them is understood by who is to run it."""

import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer.testing
import yaml
from locust.argument_parser import get_parser

from loadtests import locustfile  # whose options Locust knows from then on
from rehearsal.application import app
from simulators.target import Target

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "examples" / "distributed"
COMPOSE: Any = yaml.safe_load((FOLDER / "compose.yaml").read_text("utf-8"))
KUBERNETES: list[Any] = list(yaml.safe_load_all((FOLDER / "kubernetes.yaml").read_text("utf-8")))


def containers() -> Iterator[tuple[str, dict[str, Any]]]:
    for one in KUBERNETES:
        if one["kind"] == "Deployment":
            for container in one["spec"]["template"]["spec"]["containers"]:
                yield one["metadata"]["name"], container


def commands() -> Iterator[list[str]]:
    for service in COMPOSE["services"].values():
        yield shlex.split(service["command"])
    for _, container in containers():
        yield container["args"]


@pytest.mark.parametrize("words", {tuple(words): None for words in commands()}, ids=" ".join)
def test_a_command_is_understood(words: tuple[str, ...]) -> None:
    program, *options = words
    if program == "rehearsal":
        result = typer.testing.CliRunner().invoke(app, [*options, "--help"])
        assert result.exit_code == 0, result.output
        return
    assert program == "locust"
    known = get_parser(default_config_files=[]).parse_args(options)  # ends this where it does not know one
    assert known.locustfile == str(Path(locustfile.__file__).relative_to(ROOT))
    assert known.master or known.worker


def test_every_container_of_compose_is_of_the_image_that_its_dockerfile_builds() -> None:
    for service in COMPOSE["services"].values():
        build = service["build"]
        assert (FOLDER / build["context"] / build["dockerfile"]).resolve() == (FOLDER / "Dockerfile").resolve()
        for volume in service["volumes"]:
            assert (FOLDER / volume.partition(":")[0]).is_file()
    assert COMPOSE["services"]["worker"]["command"].endswith("--master-host master")


def test_the_workers_of_kubernetes_find_their_master_and_both_the_target() -> None:
    service = next(one for one in KUBERNETES if one["kind"] == "Service")
    deployments = {one["metadata"]["name"]: one["spec"] for one in KUBERNETES if one["kind"] == "Deployment"}
    master, worker = deployments["rehearsal-master"], deployments["rehearsal-worker"]
    for one in (master, worker):
        assert one["selector"]["matchLabels"] == one["template"]["metadata"]["labels"]
    assert service["spec"]["selector"] == master["template"]["metadata"]["labels"]
    assert {port["port"] for port in service["spec"]["ports"]} == {5557, 8089}
    arguments = {name: container["args"] for name, container in containers()}
    assert arguments["rehearsal-worker"][-1] == service["metadata"]["name"]
    config = next(one for one in KUBERNETES if one["kind"] == "ConfigMap")
    for _, container in containers():
        (mount,) = container["volumeMounts"]
        for file in config["data"]:
            assert f"{mount['mountPath']}/{file}" == arguments["rehearsal-master"][-1]
        assert mount["name"] == "target"


def test_the_target_is_one(tmp_path: Path) -> None:
    config = next(one for one in KUBERNETES if one["kind"] == "ConfigMap")
    (tmp_path / "target.toml").write_text(config["data"]["target.toml"])
    assert Target.load(FOLDER / "target.toml").protocol == Target.load(tmp_path / "target.toml").protocol == "space"
