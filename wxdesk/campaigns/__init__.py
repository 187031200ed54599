"""Marketers' events: entries, prize codes, draws, promised prizes, the live page."""
