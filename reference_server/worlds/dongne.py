"""Who and what there is in dongne before anybody connects."""

from reference_server.worlds.part import Part


class DongneWorld(Part):
    """The section `dongne` of a world file."""
