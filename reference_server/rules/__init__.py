"""How a correct server answers: one module of pure rules per protocol."""

from reference_server.rules.space import Space

RULES = (Space,)
