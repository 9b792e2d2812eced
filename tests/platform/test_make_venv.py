"""What `make` says on a machine that lacks something."""

import os
import subprocess
import sys
from pathlib import Path

SCRIPT = Path(__file__).resolve().parents[2] / "deploy" / "make-venv.sh"


def run_in(folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["/bin/sh", SCRIPT], cwd=folder, env=os.environ | environment, capture_output=True, text=True
    )


def test_a_machine_without_the_venv_module_is_told_the_package_to_install(tmp_path: Path) -> None:
    # As on a Debian without python3-venv: the import fails.
    (tmp_path / "ensurepip.py").write_text("raise ImportError")
    (tmp_path / "python3").symlink_to(sys.executable)
    done = run_in(tmp_path, PYTHONPATH=str(tmp_path), PATH=f"{tmp_path}:{os.environ['PATH']}")
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    assert done.returncode == 1
    assert done.stderr == (
        f"Python's venv module is not installed: get it with: apt-get install python{version}-venv "
        "(or your system's package of that name), then run make again.\n"
    )
    assert not (tmp_path / ".venv").exists()


def test_a_machine_whose_python_is_too_old_is_told_which_one_is_needed(tmp_path: Path) -> None:
    old = tmp_path / "python3"
    old.write_text('#!/bin/sh\n[ "$1" = -V ] && echo "Python 3.9.2" && exit 0\nexit 1\n')
    old.chmod(0o755)
    done = run_in(tmp_path, PATH=str(tmp_path))
    assert done.returncode == 1
    assert done.stderr.startswith("DVIS-Bench needs Python 3.11 or newer, and python3 here is Python 3.9.2: ")


def test_it_makes_a_working_environment_below_a_path_with_a_space(tmp_path: Path) -> None:
    folder = tmp_path / "a folder"
    folder.mkdir()
    assert run_in(folder).returncode == 0
    subprocess.run([folder / ".venv" / "bin" / "python", "-m", "pip", "--version"], check=True)
