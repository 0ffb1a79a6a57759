"""People (诉求人): one citizen across channels, found by keyed hash, shown masked."""
