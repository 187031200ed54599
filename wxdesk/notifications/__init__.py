"""What people of the desk are told: notifications, and calls of other systems' webhooks."""
