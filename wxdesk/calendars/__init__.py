"""Business hours: weeks, holidays, make-up workdays, own dates."""
