"""The texts of flows (流程版本): every one that was ever in use, and which is in use now."""
