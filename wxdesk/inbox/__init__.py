"""What agents see and do."""
