"""The words of dialogues: what a state is, and what its functions are given."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Protocol, TypeVar

from ngoma.context import Context, Surroundings
from ngoma.dialogue.person import Person
from ngoma.dialogue.screen import Limits
from ngoma.dialogue.translate import Catalogue, translate
from ngoma.messages import Message

T = TypeVar("T")


class DialogueContext(Context):
    """What the functions of a dialogue are given: the person, and what to do for them."""

    def __init__(
        self,
        surroundings: Surroundings,
        message: Message,
        person: Person,
        *,
        limits: Limits,
        languages: Mapping[str, str],
        translations: Mapping[str, Catalogue],
    ) -> None:
        super().__init__(surroundings, message)
        self._person = person
        self._translations = translations
        # Kept apart from the person, so that the last screen is still in their language when they are forgotten.
        self._language = person.language or next(iter(languages), "en")
        #: The person's address, such as `+27831234567`.
        self.address = message.from_addr or ""
        #: How much text a screen holds on the channel the person is using.
        self.limits = limits
        #: Whether the person is forgotten when the dialogue ends.
        self.is_forgotten = False

    @property
    def answers(self) -> dict[str, str]:
        """What the person said in this dialogue, by the name of the state that asked."""
        return self._person.answers

    @property
    def profile(self) -> dict[str, object]:
        """What the service remembers about the person after the dialogue."""
        return self._person.profile

    @property
    def language(self) -> str:
        """The person's language; assign one of the service's to change it."""
        return self._language

    @language.setter
    def language(self, code: str) -> None:
        self._language = code
        self._person.language = code

    def t(self, message: str, /, **values: object) -> str:
        """The message in the person's language, `{name}` replaced from the values, the answers or the profile."""
        known = {**self.profile, **self.answers, **values}
        return translate(self._translations.get(self._language), message, known)

    def forget(self) -> None:
        """Forgets the person when the dialogue ends: answers, profile and language."""
        self.is_forgotten = True


#: A text for a person: a message to translate, or a function that makes the final text.
Text = str | Callable[[DialogueContext], str | Awaitable[str]]
#: Runs once when the person comes to a state, before its screen is made.
OnEnter = Callable[[DialogueContext], Awaitable[None] | None]
#: Runs once an answer is kept, before the next state is chosen.
OnAnswer = Callable[[str, DialogueContext], Awaitable[None] | None]
#: Where an answer leads: the name of a state, one for each answer, or a function that decides.
Next = str | Mapping[str, str] | Callable[[str, DialogueContext], str | Awaitable[str]]


@dataclass(frozen=True, slots=True)
class Visit:
    """A person's stay in a state: its name, the page they are on, and what was wrong with their last input."""

    name: str
    page: int = 0
    error: str | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What an input led to: another state, another page of this one, or this one again with a word on what was wrong."""

    next: str | None = None
    page: int | None = None
    error: str | None = None


class State(Protocol):
    """One step of a dialogue."""

    #: Whether it waits for an input; one that does not is the end.
    takes_input: bool

    async def enter(self, ctx: DialogueContext) -> None:
        """Runs once when the person comes here, before the screen is made."""

    async def show(self, ctx: DialogueContext, visit: Visit) -> str:
        """The screen's text."""

    async def take(self, text: str, ctx: DialogueContext, visit: Visit) -> Outcome:
        """What an input means here."""

    def leads_to(self) -> frozenset[str]:
        """The names of states it may lead to, as far as they are written down."""


async def settled(value: T | Awaitable[T]) -> T:
    """The value itself, waited for where need be."""
    if isinstance(value, Awaitable):
        return await value
    return value


async def say(text: Text, ctx: DialogueContext) -> str:
    """A text in the person's language."""
    return ctx.t(text) if isinstance(text, str) else await settled(text(ctx))
