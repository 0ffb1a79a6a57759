"""What other systems of the city share with us, and we with them: maps, command, video, traffic, pipes."""
