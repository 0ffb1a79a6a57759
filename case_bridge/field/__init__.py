"""Inspectors in the street: to verify (核实) before filing, to inspect (核查) after handling."""
