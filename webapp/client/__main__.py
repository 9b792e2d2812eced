"""`python -m webapp.client`."""

from webapp.client import main

main()
