"""What managers see: figures with their definitions, the wallboard, the staffing forecast."""
