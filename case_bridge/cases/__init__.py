"""Cases (案卷): registered, filed, dispatched, handled, inspected, closed."""
