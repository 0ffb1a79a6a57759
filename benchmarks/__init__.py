"""Figures, each with the command that measures it again; never imported by the program."""
