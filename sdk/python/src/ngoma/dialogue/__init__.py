"""A service as states: a dialogue that survives a hang-up, speaks several languages and fits the screen."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from ngoma.context import Context
from ngoma.dialogue.person import Manner, Person, Place, person_key, read_person
from ngoma.dialogue.screen import SMS_SEGMENT, USSD_SCREEN, Limits, compose, fits, measure
from ngoma.dialogue.states import NOT_AN_OPTION, numbered, read_option
from ngoma.dialogue.translate import Catalogue
from ngoma.dialogue.words import DialogueContext, State, Text, Visit, say, settled
from ngoma.errors import ServiceError
from ngoma.messages import Message
from ngoma.service import Service


@dataclass(frozen=True, slots=True)
class Resume:
    """What happens when a person comes back to an unfinished dialogue."""

    #: `offer` asks the person, `continue` goes on at once, `restart` begins anew.
    mode: Literal["offer", "continue", "restart"] = "offer"
    #: The hours after which an unfinished dialogue is over.
    hours: float = 72
    question: Text = "Welcome back. You have not finished."
    go_on: str = "Continue where you left off"
    start_again: str = "Start again"


@dataclass(frozen=True, slots=True)
class _Screen:
    """A screen, what made it, and whether the dialogue ends with it."""

    of: str
    text: str
    is_last: bool


#: The first state, or a function that finds it.
Start = str | Callable[[DialogueContext], str | Awaitable[str]]


class Dialogue(Service):
    """A service as states. `name` is part of the key under which people are stored: keep it. The first of the languages is
    the one the messages are written in; `start_words` are texts (SMS) that begin a dialogue even when another is open."""

    def __init__(
        self,
        *,
        name: str,
        start: Start,
        states: Mapping[str, State],
        languages: Mapping[str, str] | None = None,
        translations: Mapping[str, Catalogue] | None = None,
        resume: Resume = Resume(),
        start_words: Sequence[str] = (),
        screen: Limits = USSD_SCREEN,
    ) -> None:
        super().__init__()
        self.name = name
        self.states = states
        self.languages = languages or {"en": "English"}
        self.translations = translations or {}
        self._start = start
        self._resume = resume
        self._start_words = frozenset(word.lower() for word in start_words)
        self._screen = screen
        self._check()

    def _check(self) -> None:
        """Says what is wrong with the definition when it is made, not when a person comes to it."""
        starts = {"the start": frozenset({self._start} if isinstance(self._start, str) else ())}
        leads = {f'the state "{name}"': state.leads_to() for name, state in self.states.items()}
        for source, names in {**starts, **leads}.items():
            for missing in sorted(names - self.states.keys()):
                raise ServiceError(f'{source} leads to "{missing}", and there is no such state')
        for unknown in sorted(self.translations.keys() - self.languages.keys()):
            raise ServiceError(f'there are translations for "{unknown}", which is not among the languages')

    async def handle_message(self, message: Message, ctx: Context) -> None:
        # The state is already stored; the next dial finds it.
        if message.session_event == "close":
            return
        if message.from_addr is None:
            await ctx.log.warning(f"message {message.message_id} is from nobody: not answered")
            return
        key = person_key(self.name, message.from_addr)
        stored = await ctx.kv.get(key)
        person = read_person(stored)
        if stored is not None and person is None:
            await ctx.log.warning("the stored person is of another version: not read")
        person = person or Person()
        in_session = message.session_event is not None
        own = DialogueContext(
            ctx._surroundings,
            message,
            person,
            limits=self._screen if in_session else SMS_SEGMENT,
            languages=self.languages,
            translations=self.translations,
        )
        screen = await _Turn(self, person, own, "session" if in_session else "texts").take()
        if in_session and not fits(screen.text, own.limits):
            await _warn_of_length(screen, own)
        if own.is_forgotten and screen.is_last:
            await own.kv.delete(key)
        else:
            await own.kv.set(key, person.to_json())
        await own.reply(screen.text, end=screen.is_last)


class _Turn:
    """One step of a dialogue: a message in, a screen out, and where the person now stands."""

    def __init__(self, dialogue: Dialogue, person: Person, ctx: DialogueContext, manner: Manner) -> None:
        assert ctx.message is not None
        self.dialogue = dialogue
        self.person = person
        self.ctx = ctx
        self.manner: Manner = manner
        self.message = ctx.message

    async def take(self) -> _Screen:
        """Decides what a message is: an answer to the open dialogue, or a person who comes."""
        place = self._open_place()
        if place is None:
            return await self._begin()
        if self._is_arrival(place):
            return await self._welcome_back(place)
        text = self.message.text
        if place.is_offered:
            return await self._take_offer(place, text)
        if not text:
            return await self._show(place)
        return await self._take_input(place, text)

    def _open_place(self) -> Place | None:
        """Where the dialogue stands, unless it is over, too old, or in a state that the service no longer has."""
        place = self.person.at
        if place is None or place.state not in self.dialogue.states:
            return None
        return None if self._now() - place.since > self.dialogue._resume.hours * 3600 else place

    def _is_arrival(self, place: Place) -> bool:
        """A dial, a text with a start word, or a text from a person who was in a session before."""
        if self.message.session_event == "new":
            return True
        if self.manner == "session":
            return False
        return place.manner == "session" or self.message.text.lower() in self.dialogue._start_words

    async def _begin(self) -> _Screen:
        self.person.answers.clear()
        start = self.dialogue._start
        return await self._enter(start if isinstance(start, str) else await settled(start(self.ctx)))

    async def _welcome_back(self, place: Place) -> _Screen:
        mode = self.dialogue._resume.mode
        is_barely_begun = not self.person.answers and place.page == 0
        if mode == "restart" or is_barely_begun:
            return await self._begin()
        if mode == "continue":
            return await self._show(place)
        return await self._offer(place)

    async def _offer(self, place: Place, *, is_wrong: bool = False) -> _Screen:
        self.person.at = replace(place, manner=self.manner, since=self._now(), is_offered=True)
        question = await say(self.dialogue._resume.question, self.ctx)
        error = self.ctx.t(NOT_AN_OPTION) if is_wrong else None
        text = compose(question, numbered(self._offer_labels()), error, self.ctx.limits)
        return _Screen("the offer to go on", text, is_last=False)

    async def _take_offer(self, place: Place, text: str) -> _Screen:
        match read_option(text, self._offer_labels()):
            case 0:
                return await self._show(place)
            case 1:
                return await self._begin()
            case _:
                return await self._offer(place, is_wrong=bool(text))

    def _offer_labels(self) -> list[str]:
        resume = self.dialogue._resume
        return [self.ctx.t(resume.go_on), self.ctx.t(resume.start_again)]

    async def _take_input(self, place: Place, text: str) -> _Screen:
        state = self._state(place.state)
        if not state.takes_input:
            return await self._begin()
        outcome = await state.take(text, self.ctx, Visit(place.state, place.page))
        if outcome.next is not None:
            return await self._enter(outcome.next)
        if outcome.page is not None:
            return await self._show(replace(place, page=outcome.page))
        return await self._show(place, outcome.error)

    async def _enter(self, name: str) -> _Screen:
        await self._state(name).enter(self.ctx)
        return await self._show(Place(name, 0, self.manner, self._now()))

    async def _show(self, place: Place, error: str | None = None) -> _Screen:
        """Makes the screen of a place and stores the place; a state that takes no input is the end."""
        state = self._state(place.state)
        text = await state.show(self.ctx, Visit(place.state, place.page, error))
        is_last = not state.takes_input
        self.person.at = None if is_last else Place(place.state, place.page, self.manner, self._now())
        return _Screen(f'the state "{place.state}"', text, is_last)

    def _state(self, name: str) -> State:
        if name not in self.dialogue.states:
            raise LookupError(f'the service {self.dialogue.name} has no state "{name}"')
        return self.dialogue.states[name]

    def _now(self) -> int:
        return int(self.ctx.now().timestamp())


async def _warn_of_length(screen: _Screen, ctx: DialogueContext) -> None:
    measured = measure(screen.text)
    unit = "septets" if measured.encoding == "gsm" else "UCS-2 units"
    await ctx.log.warning(f"the screen of {screen.of} takes {measured.length} {unit}, more than the channel shows")
