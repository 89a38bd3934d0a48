"""Judges the wire below: what Engine.IO 4 and Socket.IO 5 ask of any server, whatever is said over it."""
