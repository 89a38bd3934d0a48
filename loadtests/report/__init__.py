"""The page of a load run: what it came to, in pictures first."""
