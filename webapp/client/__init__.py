"""`dvis-bench`: submit, follow and read results over the REST API, from any machine. Needs no Django.

Exit status: 0 scored (or accepted, without --wait), 1 rejected, 2 usage, 3 failed on the server,
4 not reachable or not allowed.
"""

import sys

__all__ = ["main"]


def main() -> None:
    """Run `dvis-bench`, or say how to install what it needs."""
    try:
        from webapp.client.commands import main as commands
    except ModuleNotFoundError as missing:
        if missing.name != "httpx":
            raise
        sys.exit("dvis-bench needs the library httpx: pip install 'dvis-bench[client]'")
    commands()
