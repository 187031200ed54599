"""Customers as WeChat shows them: an openid per official account."""
