"""The commands of `wxdesk`, a module for what is loaded together."""
