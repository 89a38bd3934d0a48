"""Ports for servers that are started by a command, and have to be told one."""

import random
import socket

# Below those that a system hands to whoever connects: nobody takes one between our look and the server's.
FIRST, LAST = 20_000, 32_000


def free_port() -> int:
    """Return a port of this machine that nobody listens on."""
    for port in random.SystemRandom().sample(range(FIRST, LAST), 100):
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise RuntimeError("no port is free")
