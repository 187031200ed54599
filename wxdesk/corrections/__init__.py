"""Corrections to exactly those who got a wrong automatic answer."""
