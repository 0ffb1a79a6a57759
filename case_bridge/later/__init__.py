"""Three kinds of later: extension 延期, deferral 缓办, shelving 挂账; each its own approval."""
