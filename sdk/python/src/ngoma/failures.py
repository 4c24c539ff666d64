"""Why a service failed, and where in its author's files."""

from __future__ import annotations

import traceback
from typing import Any

from ngoma.errors import ServiceError, StepLimitError

#: How much of a message is told; the engine keeps less.
_MESSAGE_LENGTH = 8000


def describe(error: BaseException, code: str, memory_mib: int | None = None) -> dict[str, Any]:
    """A failure as the engine reads it: `{"message": …, "file": "main.py", "line": 3, "column": 5}`."""
    if isinstance(error, MemoryError) and memory_mib is not None:
        message = f"out of memory: a service may use {memory_mib} MiB"
    elif isinstance(error, (ServiceError, StepLimitError)):
        message = str(error)
    else:
        message = "".join(traceback.format_exception_only(error)[-1:]).strip()
    return {"message": message[:_MESSAGE_LENGTH], **_place(error, code)}


def _place(error: BaseException, code: str) -> dict[str, Any]:
    """The last line of the author's own that was on the way to the error."""
    inside = code.rstrip("/") + "/"
    if isinstance(error, SyntaxError) and error.filename and error.filename.startswith(inside):
        return {"file": error.filename.removeprefix(inside), "line": error.lineno, "column": error.offset or None}
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        if frame.filename.startswith(inside):
            column = None if frame.colno is None else frame.colno + 1
            return {"file": frame.filename.removeprefix(inside), "line": frame.lineno, "column": column}
    return {}


def seconds_in_words(milliseconds: int) -> str:
    """`60 s` or `2500 ms`."""
    return f"{milliseconds // 1000} s" if milliseconds % 1000 == 0 else f"{milliseconds} ms"
