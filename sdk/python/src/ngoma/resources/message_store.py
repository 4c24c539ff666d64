"""Counts of the service's messages."""

from __future__ import annotations

from ngoma.resources.request import Request


class MessageStore:
    """Counts of the service's messages."""

    def __init__(self, request: Request) -> None:
        self._request = request

    async def progress_status(self) -> dict[str, int]:
        """How many messages are sent, acknowledged, refused, delivered."""
        reply = await self._request("message_store.progress_status")
        return {str(state): int(count) for state, count in reply["progress_status"].items()}

    async def count_replies(self) -> int:
        """How many messages came."""
        return await self._count("count_replies")

    async def count_sent_messages(self) -> int:
        """How many messages went."""
        return await self._count("count_sent_messages")

    async def count_inbound_uniques(self) -> int:
        """From how many people messages came."""
        return await self._count("count_inbound_uniques")

    async def count_outbound_uniques(self) -> int:
        """To how many people messages went."""
        return await self._count("count_outbound_uniques")

    async def inbound_throughput(self, sample_seconds: int = 300) -> float:
        """How many messages come a minute."""
        return await self._throughput("inbound_throughput", sample_seconds)

    async def outbound_throughput(self, sample_seconds: int = 300) -> float:
        """How many messages go a minute."""
        return await self._throughput("outbound_throughput", sample_seconds)

    async def _count(self, command: str) -> int:
        return int((await self._request(f"message_store.{command}"))["count"])

    async def _throughput(self, command: str, sample_seconds: int) -> float:
        reply = await self._request(f"message_store.{command}", sample_time=sample_seconds)
        return float(reply["throughput"])
