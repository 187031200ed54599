"""Template messages, subscription notices and mass sends, inside WeChat's limits."""
