"""python-socketio made strict: the protocol's own grammar, limits and closes under the reference server.

Rule 1: a client that breaks the protocol is closed, once, with one log line. Rule 2: nothing a client does may cost
another client anything, or the server more than a bounded amount. What upstream does instead, where it does, is shown
by `tests/reference_server/strict/test_upstream.py`.
"""

from reference_server.strict.engine import Admit
from reference_server.strict.frames import Frame
from reference_server.strict.handler import Handler, Refusal, Visit
from reference_server.strict.http_log import http_logger
from reference_server.strict.json import Json
from reference_server.strict.server import StrictServer

__all__ = ["Admit", "Frame", "Handler", "Json", "Refusal", "StrictServer", "Visit", "http_logger"]
