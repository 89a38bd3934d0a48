"""What each protocol knows before anybody connects; one section of a world file each."""
