"""Every fault there is: the modules that define them are read, and each has entered its own."""

from typing import Final

from tests.faults import (  # noqa: F401  # each enters its faults as it is read
    common,
    common_http,
    dongne,
    dongne_by_itself,
    errors,
    failing,
    gateway,
    gateway_surroundings,
    gopang,
    gopang_dealings,
    gopang_messages,
    hub,
    hub_presence,
    space,
    wire,
)
from tests.faults.fault import FAULTS, Fault

EVERY_FAULT: Final = tuple(FAULTS)
_BY_NAME: Final = {fault.name: fault for fault in EVERY_FAULT}


def fault_named(name: str) -> Fault:
    """Return a fault by its name, such as `space/WhisperToAll`; raises KeyError."""
    return _BY_NAME[name]
