"""A customer wrote: webhook, streams, recorded."""
