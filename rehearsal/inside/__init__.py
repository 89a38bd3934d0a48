"""Cases that judge our own server where only an insider can look: settings, logs, and whom it calls outside."""

from conformance.case import Case
from reference_server.serve import running
from rehearsal.inside import logs, operations, sessions
from rehearsal.inside.scene import Serve

_SCENES = (*sessions.SCENES, *logs.SCENES, *operations.SCENES)


def cases(serve: Serve = running) -> list[Case]:
    """Return every such case of `space`; each starts servers of its own with `serve` and needs nothing of the target.

    With them and the suite's own cases every requirement is cited.
    """
    return [scene.case(serve) for scene in _SCENES]
