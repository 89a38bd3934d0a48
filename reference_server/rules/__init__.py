"""How a correct server answers: one module of pure rules per protocol."""
