"""How payloads are made from schemas: simplest values, borders, one fault at a time, and what may be drawn."""
