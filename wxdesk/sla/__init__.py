"""Service levels: policies, clocks, deadlines, breaches."""
