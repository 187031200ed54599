"""Reproducible measurements against a throw-away instance (`wxdesk bench`)."""
