"""Scripts for developers of wxdesk; nothing here is needed to run it."""
