"""What the workers of one run tell each other, in messages of Locust's: a worker to its master, that to the others."""

from collections.abc import Callable
from functools import partial
from typing import Any, Final

from locust.env import Environment
from locust.runners import MasterRunner, WorkerRunner

from loadtests.workers.promises import Bulletin
from simulators.people import WHOLE, Part

_MESSAGE: Final = "rehearsal_bulletin"


def introduce(environment: Environment, hear: Callable[[str, str, Bulletin], None]) -> None:
    """Have bulletins of other workers heard: which protocol's, whose, and what; a master hands them on."""

    def listen(*, msg: Any, **_: Any) -> None:
        hear(msg.data["protocol"], msg.data["worker"], Bulletin.read(msg.data["bulletin"]))

    runner = environment.runner
    if isinstance(runner, MasterRunner):
        runner.register_message(_MESSAGE, partial(_hand_on, runner))
    elif isinstance(runner, WorkerRunner):
        runner.register_message(_MESSAGE, listen)


def _hand_on(runner: MasterRunner, *, msg: Any, **_: Any) -> None:
    for worker in runner.clients.all:
        if worker.id != msg.node_id:
            runner.send_message(_MESSAGE, {**msg.data, "worker": msg.node_id}, client_id=worker.id)


def has_neighbours(environment: Environment) -> bool:
    """Say whether this process is one of several."""
    return isinstance(environment.runner, WorkerRunner)


def part(environment: Environment, workers: int) -> Part:
    """Say which of so many workers this process is."""
    runner = environment.runner
    return Part(runner.worker_index % workers, workers) if isinstance(runner, WorkerRunner) else WHOLE


def tell(environment: Environment, protocol: str, bulletin: Bulletin) -> None:
    """Tell the other workers."""
    assert environment.runner is not None
    environment.runner.send_message(_MESSAGE, {"protocol": protocol, "bulletin": bulletin})
