"""The core: conversations, messages, assignment, status."""
