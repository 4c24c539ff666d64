"""How resources ask."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Any, Protocol


class Request(Protocol):
    """Asks a resource by its command; a refusal raises `ResourceError`."""

    def __call__(self, command: str, /, **params: Any) -> Awaitable[dict[str, Any]]: ...
