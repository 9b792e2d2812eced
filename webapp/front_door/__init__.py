"""The web server: a connection that waits costs neither a thread nor a database connection.

There are two processes. Each has one event loop and three doors (docs/adr/0009): uploads are streamed to disk
by the loop, static files are sent by it, and everything else is Django in a few lasting threads, which get a
whole request and leave a whole answer. What a connection may hold, and for how long, is in connections.py.
"""
