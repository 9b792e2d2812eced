"""Kernels on disk follow every source that they are made of, and only those."""

import ast
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numba
import pytest

from evaluator.compute.compiled import compiled
from evaluator.compute.kernel_cache import PACKAGE, kernel_sources, open_cache

PROBE = """
import numpy as np
from evaluator.compute.compiled import BYTES_IN, compiled
from evaluator.compute.vector_bytes import between_mask

@compiled(f"uint64({BYTES_IN})")
def letters(data):
    return between_mask(data, 0, 97, 122)

stats = letters.stats
print(letters(np.frombuffer(b"abc-" * 16, np.uint8)), stats.cache_path, sum(stats.cache_hits.values()))
"""


def test_a_change_of_a_shared_kernel_is_noticed_with_a_warm_cache(tmp_path: Path) -> None:
    package = tmp_path / "copy" / "evaluator"
    shutil.copytree(PACKAGE, package, ignore=shutil.ignore_patterns("__pycache__"))
    (package / "probe.py").write_text(PROBE)
    shared, elsewhere = package / "compute" / "vector_bytes.py", package / "types.py"
    right = str(int("0111" * 16, 2))
    cold, folder, hits = run_probe(tmp_path)
    assert (cold, hits) == (right, "0")
    assert run_probe(tmp_path) == [right, folder, "1"]
    elsewhere.write_text(elsewhere.read_text() + "\nUNRELATED = 1\n")
    assert run_probe(tmp_path) == [right, folder, "1"]
    shared.write_text(shared.read_text().replace('icmp_unsigned("<=", above', 'icmp_unsigned(">", above'))
    wrong, other_folder, _ = run_probe(tmp_path)
    assert wrong == str(int("1000" * 16, 2))
    assert not Path(folder).exists()
    assert Path(other_folder).exists()


def run_probe(folder: Path) -> list[str]:
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(folder / "cache"), "PYTHONPATH": str(folder / "copy")}
    command = [sys.executable, "-c", "import evaluator.probe"]
    run = subprocess.run(command, env=environment, cwd=folder, capture_output=True, text=True, check=True)
    return run.stdout.split()


def test_the_folder_of_another_version_is_deleted_unless_a_process_uses_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(numba.config, "CACHE_DIR", str(tmp_path / "cache"))
    unused = open_cache_elsewhere(tmp_path, {"kernel.py": b"1"})
    used = open_cache({"kernel.py": b"2"}, tmp_path)
    assert used is not None
    assert not unused.exists()
    current = open_cache({"kernel.py": b"3"}, tmp_path)
    assert current is not None
    assert {used, current} == set((tmp_path / "cache").iterdir())
    assert open_cache({"kernel.py": b"3"}, tmp_path) == current


def open_cache_elsewhere(package: Path, sources: dict[str, bytes]) -> Path:
    program = (
        "import sys; from pathlib import Path; from evaluator.compute.kernel_cache import open_cache;"
        f"print(open_cache({sources!r}, Path(sys.argv[1])))"
    )
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(package / "cache")}
    command = [sys.executable, "-c", program, str(package)]
    folder = Path(subprocess.check_output(command, env=environment, text=True).strip())
    assert folder.is_dir()
    return folder


def test_without_a_folder_that_can_be_written_there_is_no_cache(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setattr(numba.config, "CACHE_DIR", str(tmp_path / "file"))
    assert open_cache({}, tmp_path) is None


def test_only_modules_of_the_hash_may_compile() -> None:
    space: dict[str, object] = {"compiled": compiled}
    code = compile("@compiled()\ndef one(): return 1", str(PACKAGE / "types.py"), "exec")
    with pytest.raises(RuntimeError, match=r"types\.py compiles a function"):
        exec(code, space)


def test_kernels_take_names_only_from_modules_of_the_hash() -> None:
    sources = kernel_sources()
    assert len(sources) > 10
    foreign = []
    for path, text in sources.items():
        tree = ast.parse(text)
        modules = imported_names(tree)
        for name in names_in_kernels(tree) & modules.keys():
            module = modules[name].removeprefix("evaluator.").replace(".", "/")
            if f"{module}.py" not in sources:
                foreign.append(f"{path}: {name} of {module}")
    assert foreign == []


def test_numba_is_imported_by_the_room_of_kernels_alone() -> None:
    importers = {
        path.parent.relative_to(PACKAGE).as_posix()
        for path in PACKAGE.rglob("*.py")
        if any(line.startswith(("import numba", "from numba")) for line in path.read_text().splitlines())
    }
    assert importers == {"compute"}


def imported_names(tree: ast.Module) -> dict[str, str]:
    """Return the module of evaluator that each imported name comes from."""
    return {
        alias.asname or alias.name: node.module
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("evaluator")
        for alias in node.names
    }


def names_in_kernels(tree: ast.Module) -> set[str]:
    """Return the names that kernels use, and those from which constants of theirs are computed."""
    constants: dict[str, set[str]] = {}
    for node in tree.body:
        if isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None:
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            constants |= {name: names_in(node.value) for target in targets for name in names_in(target)}
    found: set[str] = set()
    new = {name for function in kernels(tree) for part in function.body for name in names_in(part)}
    while new:
        found |= new
        new = {origin for name in new for origin in constants.get(name, ())} - found
    return found


def kernels(tree: ast.Module) -> Iterator[ast.FunctionDef]:
    for node in tree.body:
        decorators = node.decorator_list if isinstance(node, ast.FunctionDef) else []
        if isinstance(node, ast.FunctionDef) and any("compiled" in names_in(part) for part in decorators):
            yield node


def names_in(node: ast.AST) -> set[str]:
    return {part.id for part in ast.walk(node) if isinstance(part, ast.Name)}
