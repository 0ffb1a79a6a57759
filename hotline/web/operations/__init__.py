"""What the programs could not do and a person has to look at."""
