"""The account's contacts and their groups."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ngoma.resources.request import Request

#: A contact or a group, by its fields.
Record = dict[str, Any]
_Records = list[Record]


class Contacts:
    """The account's contacts."""

    def __init__(self, request: Request) -> None:
        self._request = request

    async def get(self, address: str, delivery_class: str = "sms") -> Record:
        """The contact with an address; none is a refusal."""
        return await self._contact("get", delivery_class=delivery_class, addr=address)

    async def get_or_create(self, address: str, delivery_class: str = "sms") -> tuple[Record, bool]:
        """The contact with an address, and whether it was made now."""
        reply = await self._request("contacts.get_or_create", delivery_class=delivery_class, addr=address)
        return dict(reply["contact"]), bool(reply["created"])

    async def get_by_key(self, key: str) -> Record:
        """The contact with a key."""
        return await self._contact("get_by_key", key=key)

    async def update(self, key: str, fields: Mapping[str, Any]) -> Record:
        """Changes fields of a contact."""
        return await self._contact("update", key=key, fields=dict(fields))

    async def update_extras(self, key: str, fields: Mapping[str, str]) -> Record:
        """Changes extra fields of a contact."""
        return await self._contact("update_extras", key=key, fields=dict(fields))

    async def update_subscriptions(self, key: str, fields: Mapping[str, str]) -> Record:
        """Changes what a contact is subscribed to."""
        return await self._contact("update_subscriptions", key=key, fields=dict(fields))

    async def new(self, contact: Mapping[str, Any]) -> Record:
        """Makes a contact."""
        return await self._contact("new", contact=dict(contact))

    async def save(self, contact: Mapping[str, Any]) -> Record:
        """Stores a contact as it is given, by its key."""
        return await self._contact("save", contact=dict(contact))

    async def search(self, query: str, max_keys: int | None = None) -> list[str]:
        """The keys of the contacts that a query finds, such as `surname:Dube`."""
        reply = await self._request("contacts.search", query=query, max_keys=max_keys)
        return [str(key) for key in reply["keys"]]

    async def _contact(self, command: str, **params: Any) -> Record:
        return dict((await self._request(f"contacts.{command}", **params))["contact"])


class Groups:
    """The account's groups of contacts."""

    def __init__(self, request: Request) -> None:
        self._request = request

    async def get(self, key: str) -> Record:
        """The group with a key."""
        return await self._group("get", key=key)

    async def get_by_name(self, name: str) -> Record:
        """The group with a name; none, or more than one, is a refusal."""
        return await self._group("get_by_name", name=name)

    async def get_or_create_by_name(self, name: str) -> tuple[Record, bool]:
        """The group with a name, and whether it was made now."""
        reply = await self._request("groups.get_or_create_by_name", name=name)
        return dict(reply["group"]), bool(reply["created"])

    async def update(self, key: str, name: str, query: str | None = None) -> Record:
        """Changes a group."""
        return await self._group("update", key=key, name=name, query=query)

    async def count_members(self, key: str) -> int:
        """How many contacts a group has."""
        return int((await self._request("groups.count_members", key=key))["count"])

    async def search(self, query: str) -> _Records:
        """The groups that a query finds."""
        return [dict(group) for group in (await self._request("groups.search", query=query))["groups"]]

    async def list(self) -> _Records:
        """Every group."""
        return [dict(group) for group in (await self._request("groups.list"))["groups"]]

    async def _group(self, command: str, **params: Any) -> Record:
        return dict((await self._request(f"groups.{command}", **params))["group"])
