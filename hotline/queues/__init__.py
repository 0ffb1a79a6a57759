"""Who answers a live contact: seats, waiting callers, offers (排队与坐席)."""
