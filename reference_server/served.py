"""What this server can serve: for each protocol its rules, and the HTTP beside its socket."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from protocols.contract import Json
from reference_server.effects import Rules
from reference_server.http.api import Api
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


@dataclass(frozen=True, slots=True)
class Served:
    """One protocol of this server."""

    rules: Callable[[World, Settings], Rules]
    api: Callable[[ProtocolNamespace, Settings], Api] | None = None
    """The HTTP beside its socket, where it has any."""
    claims: Callable[[World], Iterable[Mapping[str, Json]]] = lambda _world: ()
    """What tokens of those whom a world knows say, where the protocol has such tokens."""


SERVED: Final[Mapping[str, Served]] = {
    "space": Served(
        rules=lambda world, settings: Space(world, settings.mode, external=bool(settings.verify_url)),
        api=lambda namespace, _settings: SpaceApi(namespace),
    ),
    "gateway": Served(
        rules=lambda world, settings: Gateway(world, settings.mode, server_id=f"{settings.host}:{settings.port}"),
        api=lambda namespace, _settings: GatewayApi(namespace),
        claims=lambda world: ({"sub": user.id, "email": user.email} for user in world.gateway.users),
    ),
    "dongne": Served(
        rules=lambda world, settings: Dongne(world, settings.mode),
        api=lambda namespace, _settings: DongneApi(namespace),
        claims=lambda world: ({"userId": user.id} for user in world.dongne.users),
    ),
    "gopang": Served(
        rules=lambda world, settings: Gopang(world, settings.mode, max_connections=settings.max_connections),
        api=lambda namespace, _settings: GopangApi(namespace),
        claims=lambda world: (
            {"userId": user.id, "email": user.email, "userType": user.user_type} for user in world.gopang.users
        ),
    ),
    "hub": Served(
        rules=lambda world, settings: Hub(world, settings.mode),
        api=lambda namespace, settings: HubApi(namespace, settings.service_key),
        claims=lambda world: (
            {"id": user.id, "email": user.email, "nickname": user.nickname} for user in world.hub.users
        ),
    ),
}
