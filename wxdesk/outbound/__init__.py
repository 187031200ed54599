"""Delivery of answers to WeChat, inside its limits."""
