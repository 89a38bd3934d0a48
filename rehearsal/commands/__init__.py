"""The commands, one module each: their options and words; what they do is elsewhere."""
