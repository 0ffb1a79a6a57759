"""Implementations of the port `case_bridge.platform.CasePlatform`."""
