"""A whole site in one folder, and a site made of it again: `manage.py backup` and `manage.py restore`.

In the folder: `database.dump` (pg_dump's own format), `blobs/`, `var/` (the keys, and the folders of VAR with
frames), and last of all `manifest.json` with the size and SHA-256 of every file. A folder without it is not a
backup.
"""
