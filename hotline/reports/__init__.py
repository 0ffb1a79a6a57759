"""Figures that are kept with the definition they were counted by (统计报表)."""
