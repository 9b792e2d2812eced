"""The one way in which this package compiles a function with numba.

Rule: a compiled function calls only compiled functions of its own module, and the instructions of
`evaluator.compute.vector_bytes`. numba's cache on disk looks at the time stamp of one file; a change in
another file would go unnoticed.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

from numba import njit

Function = TypeVar("Function", bound=Callable[..., Any])


def compiled(signature: str | None = None) -> Callable[[Function], Function]:
    """Compile to machine code that releases the interpreter lock and is kept on disk.

    Functions called from Python give their `signature`: they are compiled, or loaded, when the module is
    imported, and only for these types. Without one, the function is meant to be called by compiled code.
    """
    options: dict[str, Any] = {"nogil": True, "error_model": "numpy"}

    def decorate(function: Function) -> Function:
        if signature is None:
            return cast("Function", njit(**options)(function))
        try:
            return cast("Function", njit(signature, cache=True, **options)(function))
        except RuntimeError:  # no folder for the cache can be written: compile in every process
            return cast("Function", njit(signature, **options)(function))

    return decorate


# numpy arrays of read-only memory (mapped files) fit these, and so do writable ones.
BYTES_IN = "Array(uint8, 1, 'C', readonly=True)"
WORDS_IN = "Array(uint64, 1, 'C', readonly=True)"
INT32_IN = "Array(int32, 1, 'C', readonly=True)"
INT64_IN = "Array(int64, 1, 'C', readonly=True)"
FLOAT64_IN = "Array(float64, 1, 'C', readonly=True)"
