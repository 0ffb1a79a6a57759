"""Threats to inspectors, hindrance and theft of devices, on record and with the police."""
