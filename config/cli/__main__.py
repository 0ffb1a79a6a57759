"""`python -m config.cli`, which is how `serve` starts its children."""

from config.cli import main

main()
