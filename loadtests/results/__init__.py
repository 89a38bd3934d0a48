"""What a test came to: its record, and everything that shows or judges it."""
