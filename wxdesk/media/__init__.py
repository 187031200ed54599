"""Files that customers send and agents attach: fetched, checked, kept, shown, uploaded."""
