"""`python -m wxdesk` is `wxdesk`."""

from wxdesk.cli import main

main()
