"""Lists of tickets as files: asked for on a page, written by a job, kept for a week."""
