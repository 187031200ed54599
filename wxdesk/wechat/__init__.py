"""Everything that knows WeChat's wire format."""
