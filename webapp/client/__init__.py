"""`dvis-bench`: submit, follow and read results over the REST API, from any machine. Needs no Django.

Exit status: 0 scored (or accepted, without --wait), 1 rejected, 2 usage, 3 failed on the server,
4 not reachable or not allowed.
"""

from webapp.client.commands import main

__all__ = ["main"]
