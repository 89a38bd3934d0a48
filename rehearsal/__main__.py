"""`python -m rehearsal`, where the command is not on the path."""

from rehearsal.cli import main

main()
