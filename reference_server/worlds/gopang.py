"""Who and what there is in gopang before anybody connects."""

from reference_server.worlds.part import Part


class GopangWorld(Part):
    """The section `gopang` of a world file."""
