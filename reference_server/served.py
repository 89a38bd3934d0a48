"""What this server can serve: for each protocol its rules, and the HTTP beside its socket."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, Protocol

from aiohttp import web

from reference_server.effects import Rules
from reference_server.http.dongne import DongneApi
from reference_server.http.gateway import GatewayApi
from reference_server.http.gopang import GopangApi
from reference_server.http.hub import HubApi
from reference_server.http.space import SpaceApi
from reference_server.namespace import ProtocolNamespace
from reference_server.rules.dongne import Dongne
from reference_server.rules.gateway import Gateway
from reference_server.rules.gopang import Gopang
from reference_server.rules.hub import Hub
from reference_server.rules.space import Space
from reference_server.settings import Settings
from reference_server.world import World


class Api(Protocol):
    """HTTP that a protocol needs beside its socket."""

    def routes(self) -> list[web.RouteDef]:
        """List what is served where."""
        ...


@dataclass(frozen=True, slots=True)
class Served:
    """One protocol of this server."""

    rules: Callable[[World, Settings], Rules]
    api: Callable[[ProtocolNamespace, Settings], Api]


SERVED: Final[Mapping[str, Served]] = {
    "space": Served(
        rules=lambda world, settings: Space(world, settings.mode, external=bool(settings.verify_url)),
        api=lambda namespace, _settings: SpaceApi(namespace),
    ),
    "gateway": Served(
        rules=lambda world, settings: Gateway(world, settings.mode, server_id=f"{settings.host}:{settings.port}"),
        api=lambda namespace, _settings: GatewayApi(namespace),
    ),
    "dongne": Served(
        rules=lambda world, settings: Dongne(world, settings.mode),
        api=lambda namespace, _settings: DongneApi(namespace),
    ),
    "gopang": Served(
        rules=lambda world, settings: Gopang(world, settings.mode, max_connections=settings.max_connections),
        api=lambda namespace, _settings: GopangApi(namespace),
    ),
    "hub": Served(
        rules=lambda world, settings: Hub(world, settings.mode),
        api=lambda namespace, settings: HubApi(namespace, settings.service_key),
    ),
}
