"""What the account set for this service."""

from __future__ import annotations

from typing import Any

from ngoma.resources.request import Request


class Config:
    """What the account set for this service."""

    def __init__(self, request: Request) -> None:
        self._request = request

    async def get(self, key: str, default: Any = None) -> Any:
        """The value of a key."""
        value = (await self._request("config.get", key=key)).get("value")
        return default if value is None else value
