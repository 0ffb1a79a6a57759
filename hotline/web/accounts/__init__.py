"""Who may sign in, as the security administrator sees and changes it."""
