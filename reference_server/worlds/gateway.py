"""Who and what there is in gateway before anybody connects."""

from reference_server.worlds.part import Part


class GatewayWorld(Part):
    """The section `gateway` of a world file."""
