"""Messages out: the answer to the person, and texts to anybody."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from ngoma.resources.request import Request


class Outbound:
    """Messages out. They go when the step has ended well."""

    def __init__(self, request: Request) -> None:
        self._request = request

    async def reply(
        self,
        in_reply_to: str,
        content: str | None,
        *,
        end: bool = False,
        helper_metadata: Mapping[str, Any] | None = None,
    ) -> None:
        """Answers a message by its id; `end` ends the session."""
        params: dict[str, Any] = {"in_reply_to": in_reply_to, "content": content, "continue_session": not end}
        if helper_metadata:
            params["helper_metadata"] = dict(helper_metadata)
        await self._request("outbound.reply_to", **params)

    async def send(
        self, to: str, content: str, *, endpoint: str = "default", send_at: datetime | None = None
    ) -> None:
        """Sends a text by an endpoint of the service, at once or at a moment that has its time zone."""
        params: dict[str, Any] = {"to_addr": to, "content": content, "endpoint": endpoint}
        if send_at is not None:
            if send_at.tzinfo is None:
                raise ValueError("send_at needs a time zone, such as ctx.now() + timedelta(days=1)")
            params["send_at"] = send_at.isoformat()
        await self._request("outbound.send_to", **params)

    async def send_sms(self, to: str, content: str, *, send_at: datetime | None = None) -> None:
        """Sends an SMS by the endpoint `sms`."""
        await self.send(to, content, endpoint="sms", send_at=send_at)
