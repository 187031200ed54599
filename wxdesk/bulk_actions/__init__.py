"""One action on many conversations: counted first, then row by row with a result each."""
