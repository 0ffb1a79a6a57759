"""Callbacks (回访): each complainant hears the outcome and says whether it is true."""
