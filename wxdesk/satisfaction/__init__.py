"""Customers are asked how they found the service, and their answers are kept."""
