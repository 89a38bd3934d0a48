"""Inputs that no well-behaved client sends, a module for each family; every one has an address and is repeatable.

An input that is known to kill somebody else's released server is not here until its makers have had time to mend it:
events with a hundred thousand arguments and more, and JSON of great depth that is passed on to others.
"""
