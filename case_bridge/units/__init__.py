"""Responsible units (责任单位) and the matrix that says which of them answers for what."""
