"""What the HTTP beside a protocol's socket has in common: who asks, and how a command is answered."""

from abc import ABC, abstractmethod
from collections.abc import Mapping

from aiohttp import web

from protocols.contract import Json
from reference_server.effects import Command, Reply
from reference_server.http.body import bearer_claims
from reference_server.http.refusal import INTERNAL, Refused, json_response
from reference_server.namespace import ProtocolNamespace


class Api(ABC):
    """Checks who asks and the shape of what is asked, and puts it before the rules of one protocol."""

    def __init__(self, namespace: ProtocolNamespace) -> None:
        self._namespace = namespace

    @abstractmethod
    def routes(self) -> list[web.RouteDef]:
        """List what is served where."""

    def claims(self, request: web.Request) -> Mapping[str, Json]:
        """Return what the bearer token of a request says; raises Refused with 401 where it opens nothing."""
        return bearer_claims(request, self._namespace.gate)

    def reply(self, command: Command) -> Reply:
        """Put a command before the rules; raises Refused with 500 when they fail at it."""
        reply = self._namespace.command(command)
        if reply is None:
            raise Refused(500, "Internal server error", INTERNAL)
        return reply

    def order(self, command: Command) -> web.Response:
        """Put a command before the rules, and answer what they reply."""
        reply = self.reply(command)
        return json_response(reply.value, reply.status)
