"""Lines for the service's log."""

from __future__ import annotations

from ngoma.resources.request import Request


class Log:
    """Lines for the service's log. `print()` and the module `logging` write to it too."""

    def __init__(self, request: Request) -> None:
        self._request = request

    async def debug(self, message: str) -> None:
        """A detail for whoever looks for a fault."""
        await self._request("log.debug", msg=message)

    async def info(self, message: str) -> None:
        """Something that happened."""
        await self._request("log.info", msg=message)

    async def warning(self, message: str) -> None:
        """Something that should not happen."""
        await self._request("log.warning", msg=message)

    async def error(self, message: str) -> None:
        """Something that somebody must mend."""
        await self._request("log.error", msg=message)
