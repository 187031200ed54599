"""Official accounts: who we are on WeChat, with their keys sealed."""
