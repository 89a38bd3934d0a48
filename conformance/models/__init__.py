"""What must be true of each protocol, seen from its clients."""
