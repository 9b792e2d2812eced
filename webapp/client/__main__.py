"""`python -m webapp.client`."""

from webapp.client.commands import main

main()
