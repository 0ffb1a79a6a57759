"""Plans for emergencies and every day, attached to categories."""
