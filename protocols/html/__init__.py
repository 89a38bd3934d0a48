"""What the pages of all reports share: one HTML file each, that needs no network."""
