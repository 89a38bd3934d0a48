"""The people of each protocol."""
