"""The HTTP beside the sockets: who may ask, how the server is, and what each protocol needs."""
