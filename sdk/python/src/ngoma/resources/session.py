"""Hands a person over to another service for a while, and back."""

from __future__ import annotations

from typing import Any

from ngoma.resources.request import Request


class Session:
    """Who gets the person's messages from now on: this service, or another of the account, such as people who answer."""

    def __init__(self, request: Request) -> None:
        self._request = request

    async def hand_over(self, service: str, *, reason: str | None = None, seconds: float | None = None) -> None:
        """Hands the person over, for a day unless told."""
        params: dict[str, Any] = {"to": service}
        if reason is not None:
            params["reason"] = reason
        if seconds is not None:
            params["seconds"] = seconds
        await self._request("session.hand_over", **params)

    async def hand_back(self) -> None:
        """Hands the person back to whom they were with before."""
        await self._request("session.hand_back")
