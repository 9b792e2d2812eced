"""Compiles functions with numba: the only way in which this package does.

Compiled functions may call compiled functions and use constants of other modules, as long as these belong to
`evaluator.compute.kernel_cache.kernel_sources`; the name of the cache folder follows from these sources.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, TypeVar, cast

import numba

from evaluator.compute.kernel_cache import CONFIG, PACKAGE, kernel_sources, open_cache

Function = TypeVar("Function", bound=Callable[..., Any])

_SOURCES: Final = kernel_sources()
_CACHE: Final = open_cache(_SOURCES)


def compiled(signature: str | None = None) -> Callable[[Function], Function]:
    """Compile to machine code that releases the interpreter lock and is kept on disk.

    Functions called from Python give their `signature`: they are compiled, or loaded, when the module is
    imported, and only for these types. Without one, the function is meant to be called by compiled code.
    """
    options: dict[str, Any] = {"nogil": True, "error_model": "numpy"}

    def decorate(function: Function) -> Function:
        path = Path(function.__code__.co_filename)
        if path.is_relative_to(PACKAGE) and path.relative_to(PACKAGE).as_posix() not in _SOURCES:
            raise RuntimeError(f"{path.name} compiles a function, but does not name {__name__}")
        if signature is None:
            return cast("Function", numba.njit(**options)(function))
        if _CACHE is not None:
            before = CONFIG.CACHE_DIR
            CONFIG.CACHE_DIR = str(_CACHE)  # read when the function is made; other packages keep theirs
            try:
                kernel = numba.njit(signature, cache=True, **options)(function)
                if Path(kernel.stats.cache_path or "").is_relative_to(_CACHE):
                    return cast("Function", kernel)
            except RuntimeError:  # numba can write nowhere
                pass
            finally:
                CONFIG.CACHE_DIR = before
        return cast("Function", numba.njit(signature, **options)(function))  # compiled by every process

    return decorate


# numpy arrays of read-only memory (mapped files) fit these, and so do writable ones.
BYTES_IN = "Array(uint8, 1, 'C', readonly=True)"
WORDS_IN = "Array(uint64, 1, 'C', readonly=True)"
INT32_IN = "Array(int32, 1, 'C', readonly=True)"
INT64_IN = "Array(int64, 1, 'C', readonly=True)"
FLOAT64_IN = "Array(float64, 1, 'C', readonly=True)"
