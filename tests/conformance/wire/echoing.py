"""Our own wire with an application that echoes, acknowledges and passes on."""

from typing import Any

from reference_server.strict import Json, Refusal, StrictServer, Visit


class Echoing:
    """Knows the events `echo`, `ack` and `say`."""

    def __init__(self, server: StrictServer, namespace: str) -> None:
        self.server, self.namespace = server, namespace

    async def admit(self, visit: Visit) -> Visit | Refusal:
        return visit

    async def connect(self, sid: str, guest: Visit) -> None:
        pass

    async def event(self, sid: str, name: str, args: tuple[Json, ...], ack: int | None) -> None:
        match name:
            case "echo":
                self.echo(sid, *args)
            case "say":
                self.server.broadcast(self.namespace, None, "said", *args, skip_sid=sid)
            case "ack" if ack is not None:
                self.acknowledge(sid, ack, *args)
            case "ack":
                self.unasked(sid)
            case _:
                await self.unknown(sid)

    def echo(self, sid: str, *args: Json) -> None:
        self.server.broadcast(self.namespace, sid, "echoed", *args)

    def acknowledge(self, sid: str, ack: int, *args: Json) -> None:
        self.server.acknowledge(sid, self.namespace, ack, *args)

    def unasked(self, sid: str) -> None:
        pass

    async def unknown(self, sid: str) -> None:
        pass

    async def disconnect(self, sid: str, reason: str) -> None:
        pass


def strict(application: type[Echoing] = Echoing, **settings: Any) -> StrictServer:
    """Return our server, with that application at two namespaces."""
    server = StrictServer(**{"connect_timeout": 2.0, "upgrade_timeout": 1.0, **settings})
    for namespace in ("/", "/space"):
        server.serve(namespace, application(server, namespace))
    return server
