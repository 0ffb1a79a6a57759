"""Return calls: who lost the line or could not be answered is rung by us (回拨)."""
