"""How many photos the public form takes, and how large."""

from typing import Final

MOST_PHOTOS: Final = 5
LARGEST_PHOTO: Final = 10 * 1024 * 1024
