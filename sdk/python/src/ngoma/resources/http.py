"""Calls to other systems, to the hosts that the account allows."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

from ngoma.resources.request import Request


@dataclass(frozen=True, slots=True)
class Response:
    """The answer to a call; a code such as 404 is an answer too."""

    code: int
    body: str
    headers: Mapping[str, Sequence[str]]

    @property
    def is_ok(self) -> bool:
        """Whether the code is one of success."""
        return 200 <= self.code < 300

    def json(self) -> Any:
        """The body, read as JSON."""
        return json.loads(self.body)


class Http:
    """Calls to other systems. It is the only way out: a service has no network of its own."""

    def __init__(self, request: Request) -> None:
        self._request = request

    async def get(self, url: str, **options: Any) -> Response:
        """`GET`; the options are those of `call`."""
        return await self.call("get", url, **options)

    async def post(self, url: str, **options: Any) -> Response:
        """`POST`; the options are those of `call`."""
        return await self.call("post", url, **options)

    async def put(self, url: str, **options: Any) -> Response:
        """`PUT`; the options are those of `call`."""
        return await self.call("put", url, **options)

    async def patch(self, url: str, **options: Any) -> Response:
        """`PATCH`; the options are those of `call`."""
        return await self.call("patch", url, **options)

    async def delete(self, url: str, **options: Any) -> Response:
        """`DELETE`; the options are those of `call`."""
        return await self.call("delete", url, **options)

    async def head(self, url: str, **options: Any) -> Response:
        """`HEAD`; the options are those of `call`."""
        return await self.call("head", url, **options)

    async def call(
        self,
        method: str,
        url: str,
        *,
        params: Mapping[str, str | int | float] | None = None,
        headers: Mapping[str, str] | None = None,
        data: str | None = None,
        json_body: Any = None,
    ) -> Response:
        """One call. `params` are added to the address, encoded; the body is `data` as it is or `json_body` as JSON."""
        if data is not None and json_body is not None:
            raise ValueError("give data or json_body, not both")
        sent = dict(headers or {})
        if json_body is not None:
            data = json.dumps(json_body)
            sent.setdefault("Content-Type", "application/json")
        if params:
            url += ("&" if "?" in url else "?") + urlencode(params, quote_via=quote)
        asked: dict[str, Any] = {"url": url, "headers": {name: [value] for name, value in sent.items()}}
        if data is not None:
            asked["data"] = data
        reply = await self._request(f"http.{method}", **asked)
        return Response(code=int(reply["code"]), body=str(reply.get("body") or ""), headers=reply.get("headers") or {})
