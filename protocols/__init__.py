"""The contract in Python: one module per protocol, one class per event."""

from protocols import dongne, gateway, gopang, hub, space
from protocols.contract import Protocol

PROTOCOLS: dict[str, Protocol] = {
    protocol.name: protocol
    for protocol in (space.PROTOCOL, gateway.PROTOCOL, dongne.PROTOCOL, gopang.PROTOCOL, hub.PROTOCOL)
}
