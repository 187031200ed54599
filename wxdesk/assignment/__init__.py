"""Conversations given to agents by themselves, and taken back from those who are not there."""
