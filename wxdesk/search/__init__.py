"""Find everything ever written: messages, notes, customers."""
