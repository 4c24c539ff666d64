"""The service's own keys."""

from __future__ import annotations

from typing import Any

from ngoma.resources.request import Request


class Kv:
    """The service's own keys, written together with the step's replies or not at all."""

    def __init__(self, request: Request) -> None:
        self._request = request

    async def get(self, key: str, default: Any = None) -> Any:
        """The value of a key."""
        value = (await self._request("kv.get", key=key)).get("value")
        return default if value is None else value

    async def set(self, key: str, value: Any, *, seconds: int | None = None) -> None:
        """Sets a key to any JSON value, for that many seconds or for good."""
        await self._request("kv.set", key=key, value=value, seconds=seconds)

    async def delete(self, key: str) -> bool:
        """Removes a key; says whether it was there."""
        return bool((await self._request("kv.delete", key=key))["existed"])

    async def increment(self, key: str, amount: int = 1) -> int:
        """Adds to a number, from zero if there is none; gives the sum."""
        return int((await self._request("kv.incr", key=key, amount=amount))["value"])
