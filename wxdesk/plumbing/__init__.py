"""Parts without any help-desk word: database, queues, streams, live updates, clock, errors."""
