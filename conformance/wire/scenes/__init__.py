"""The promises of the documents, played by hand, a module for each topic."""
