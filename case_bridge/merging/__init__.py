"""Merging (并案): many reports of one matter become one case, and come apart again."""
