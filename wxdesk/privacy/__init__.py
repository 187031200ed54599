"""Customers who leave: their data is removed, and the removal can be proved."""
