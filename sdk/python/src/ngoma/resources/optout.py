"""Who does not want messages of the account."""

from __future__ import annotations

from typing import Any

from ngoma.resources.request import Request


class OptOut:
    """Who does not want messages of the account; for services that the account lets know and change it."""

    def __init__(self, request: Request) -> None:
        self._request = request

    async def is_opted_out(self, address: str, address_type: str = "msisdn") -> bool:
        """Whether somebody wants no messages."""
        return bool((await self.status(address, address_type))["opted_out"])

    async def status(self, address: str, address_type: str = "msisdn") -> dict[str, Any]:
        """Whether somebody wants no messages, since when and by which message."""
        return await self._request("optout.status", address_type=address_type, address_value=address)

    async def count(self) -> int:
        """How many want no messages."""
        return int((await self._request("optout.count"))["count"])

    async def opt_out(self, address: str, address_type: str = "msisdn", message_id: str | None = None) -> None:
        """Somebody wants no messages from now on."""
        params = {"address_type": address_type, "address_value": address, "message_id": message_id}
        await self._request("optout.optout", **params)

    async def cancel(self, address: str, address_type: str = "msisdn") -> None:
        """Somebody wants messages again."""
        await self._request("optout.cancel_optout", address_type=address_type, address_value=address)
