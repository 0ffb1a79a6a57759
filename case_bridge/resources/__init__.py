"""What other systems of the city share with us, and we with them (R94, R100)."""
