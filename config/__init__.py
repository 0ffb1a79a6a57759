"""The outermost layer: settings, wiring, processes, command line; nothing imports it."""
