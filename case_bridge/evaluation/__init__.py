"""How well the city works: counters from the case log, scores, rankings, published results."""
