"""Exchange with a superior or subordinate platform: eight forms, in order, once, replayable."""
