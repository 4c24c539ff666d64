"""Measurements of the service."""

from __future__ import annotations

from typing import Literal

from ngoma.resources.request import Request

Aggregate = Literal["sum", "avg", "min", "max", "last"]


class Metrics:
    """Measurements of the service."""

    def __init__(self, request: Request) -> None:
        self._request = request

    async def count(self, metric: str, value: float = 1) -> None:
        """Counts something that happened."""
        await self.fire(metric, value, "sum")

    async def fire(self, metric: str, value: float, aggregate: Aggregate, *, store: str = "default") -> None:
        """Records a value; the aggregate says how values of one interval become one."""
        await self._request("metrics.fire", store=store, metric=metric, value=value, agg=aggregate)
