"""Where things are: positions, unit grids, addresses, components (地理编码, 基础数据)."""
