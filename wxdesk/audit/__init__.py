"""Who did what, and what the desk did by itself: entries that nobody changes."""
