"""What a run is called: its name is anything, the file and the anchors that are named after it are not."""

import hashlib
import re
from typing import Final

_LONGEST: Final = 60


def slug(name: str) -> str:
    """Return what names a file and an anchor: the name itself where it can, else what is left of it and a digest."""
    plain = re.sub(r"[^\w.-]+", "-", name).strip("-.")[:_LONGEST]
    if plain and plain == name:
        return name
    digest = hashlib.sha256(name.encode("utf-8", "backslashreplace")).hexdigest()[:6]
    return f"{plain}-{digest}"
