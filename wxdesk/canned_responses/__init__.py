"""Prepared answers that agents put into the composer by a shortcut."""
