"""Auto-reply rules, and which message is how urgent."""
