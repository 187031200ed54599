"""wxdesk: the customer-service desk for WeChat official accounts."""
