"""People who work here: log-in, roles, API tokens."""
