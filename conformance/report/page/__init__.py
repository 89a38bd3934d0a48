"""The page for people: made from any number of runs, one file that needs nothing else."""
