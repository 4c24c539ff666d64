"""The kinds of states: a question, a choice, a menu, a long list, a long text, the end."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping, Sequence

from ngoma.dialogue.checks import Check, Problem
from ngoma.dialogue.screen import Limits, compose, cut, fits
from ngoma.dialogue.words import (
    DialogueContext,
    Next,
    OnAnswer,
    OnEnter,
    Outcome,
    Text,
    Visit,
    say,
    settled,
)

#: Said when an answer is none of the options.
NOT_AN_OPTION = "Please choose one of these numbers."
#: The keys of the lines that turn the page; they are the same on every page, so a page has at most eight options.
MORE_KEY = 9
BACK_KEY = 0
DONE_KEY = 1

#: Value to label, or a function that makes it.
Options = Mapping[str, str] | Callable[[DialogueContext], Mapping[str, str] | Awaitable[Mapping[str, str]]]
_Listed = list[tuple[str, str]]


class _State:
    """What every kind of state does the same way."""

    takes_input = True

    def __init__(self, *, on_enter: OnEnter | None, next: Next | None, on_answer: OnAnswer | None = None) -> None:
        self._on_enter = on_enter
        self._next = next
        self._on_answer = on_answer

    async def enter(self, ctx: DialogueContext) -> None:
        if self._on_enter is not None:
            await settled(self._on_enter(ctx))

    async def show(self, ctx: DialogueContext, visit: Visit) -> str:
        raise NotImplementedError

    async def take(self, text: str, ctx: DialogueContext, visit: Visit) -> Outcome:
        raise NotImplementedError

    def leads_to(self) -> frozenset[str]:
        if isinstance(self._next, str):
            return frozenset({self._next})
        return frozenset(self._next.values()) if isinstance(self._next, Mapping) else frozenset()

    async def follow(self, answer: str, ctx: DialogueContext, visit: Visit) -> Outcome:
        """Keeps an answer under the state's name and finds the next state."""
        ctx.answers[visit.name] = answer
        if self._on_answer is not None:
            await settled(self._on_answer(answer, ctx))
        if isinstance(self._next, Mapping):
            if answer not in self._next:
                raise LookupError(f'the state "{visit.name}" does not say where the answer "{answer}" leads')
            return Outcome(next=self._next[answer])
        if isinstance(self._next, str) or self._next is None:
            return Outcome(next=self._next)
        return Outcome(next=await settled(self._next(answer, ctx)))


class _TextState(_State):
    def __init__(self, question: Text, check: Check | None, **following: object) -> None:
        super().__init__(**following)  # type: ignore[arg-type]
        self._question = question
        self._check = check

    async def show(self, ctx: DialogueContext, visit: Visit) -> str:
        return compose(await say(self._question, ctx), [], visit.error, ctx.limits)

    async def take(self, text: str, ctx: DialogueContext, visit: Visit) -> Outcome:
        verdict: str | Problem = text
        if self._check is not None:
            verdict = await settled(self._check(text, ctx))
        if isinstance(verdict, Problem):
            return Outcome(error=ctx.t(verdict.message, **verdict.values))
        return await self.follow(verdict, ctx, visit)


class _ChoiceState(_State):
    def __init__(self, question: Text, options: Options, error: str | None, **following: object) -> None:
        super().__init__(**following)  # type: ignore[arg-type]
        self._question = question
        self._options = options
        self._error = error

    async def listed(self, ctx: DialogueContext) -> _Listed:
        options = self._options if isinstance(self._options, Mapping) else await settled(self._options(ctx))
        return [(value, ctx.t(label)) for value, label in options.items()]

    async def show(self, ctx: DialogueContext, visit: Visit) -> str:
        labels = [label for _, label in await self.listed(ctx)]
        return compose(await say(self._question, ctx), numbered(labels), visit.error, ctx.limits)

    async def take(self, text: str, ctx: DialogueContext, visit: Visit) -> Outcome:
        options = await self.listed(ctx)
        index = read_option(text, [label for _, label in options])
        return await self.chosen(None if index is None else options[index][0], ctx, visit)

    async def chosen(self, value: str | None, ctx: DialogueContext, visit: Visit) -> Outcome:
        if value is None:
            return Outcome(error=ctx.t(self._error or NOT_AN_OPTION))
        return await self.follow(value, ctx, visit)


class _PaginatedChoiceState(_ChoiceState):
    def __init__(self, more: str, back: str, **asked: object) -> None:
        super().__init__(**asked)  # type: ignore[arg-type]
        self._more = more
        self._back = back

    async def show(self, ctx: DialogueContext, visit: Visit) -> str:
        question, options, pages = await self._pages(ctx)
        start, end = pages[min(visit.page, len(pages) - 1)]
        return compose(question, self._lines(options, start, end, ctx), visit.error, ctx.limits)

    async def take(self, text: str, ctx: DialogueContext, visit: Visit) -> Outcome:
        _, options, pages = await self._pages(ctx)
        page = min(visit.page, len(pages) - 1)
        key = read_number(text)
        if key == MORE_KEY and page < len(pages) - 1:
            return Outcome(page=page + 1)
        if key == BACK_KEY and page > 0:
            return Outcome(page=page - 1)
        start, end = pages[page]
        index = read_option(text, [label for _, label in options[start:end]])
        if index is not None:
            return await self.chosen(options[start + index][0], ctx, visit)
        typed_out = [value for value, label in options if label.lower() == text.lower()]
        return await self.chosen(typed_out[0] if typed_out else None, ctx, visit)

    async def _pages(self, ctx: DialogueContext) -> tuple[str, _Listed, list[tuple[int, int]]]:
        """The fewest pages that fit, filled from the first; one option to a page even where that is too long."""
        question, options = await say(self._question, ctx), await self.listed(ctx)

        def is_good(start: int, end: int) -> bool:
            return fits("\n".join([question, *self._lines(options, start, end, ctx)]), ctx.limits)

        if is_good(0, len(options)):
            return question, options, [(0, len(options))]
        pages, start = [], 0
        while start < len(options):
            end = min(start + MORE_KEY - 1, len(options))
            while end > start + 1 and not is_good(start, end):
                end -= 1
            pages.append((start, end))
            start = end
        return question, options, pages

    def _lines(self, options: _Listed, start: int, end: int, ctx: DialogueContext) -> list[str]:
        lines = numbered([label for _, label in options[start:end]])
        if end < len(options):
            lines.append(f"{MORE_KEY}. {ctx.t(self._more)}")
        if start > 0:
            lines.append(f"{BACK_KEY}. {ctx.t(self._back)}")
        return lines


class _BookletState(_State):
    def __init__(self, text: Text, done: str, more: str, back: str, **following: object) -> None:
        super().__init__(**following)  # type: ignore[arg-type]
        self._text = text
        self._labels = (done, more, back)

    async def show(self, ctx: DialogueContext, visit: Visit) -> str:
        pages = await self._pages(ctx)
        body, lines = pages[min(visit.page, len(pages) - 1)]
        return compose(body, lines, visit.error, ctx.limits)

    async def take(self, text: str, ctx: DialogueContext, visit: Visit) -> Outcome:
        pages = await self._pages(ctx)
        page = min(visit.page, len(pages) - 1)
        key = read_number(text)
        if key == DONE_KEY:
            return await self.follow("done", ctx, visit)
        if key == MORE_KEY and page < len(pages) - 1:
            return Outcome(page=page + 1)
        if key == BACK_KEY and page > 0:
            return Outcome(page=page - 1)
        return Outcome(error=ctx.t(NOT_AN_OPTION))

    async def _pages(self, ctx: DialogueContext) -> list[tuple[str, list[str]]]:
        done, more, back = (ctx.t(label) for label in self._labels)
        done, more, back = f"{DONE_KEY}. {done}", f"{MORE_KEY}. {more}", f"{BACK_KEY}. {back}"
        pages: list[tuple[str, list[str]]] = []
        rest = (await say(self._text, ctx)).strip()
        while True:
            turning = [back] if pages else []
            last = (rest, [done, *turning])
            if _is_good(*last, ctx.limits):
                return [*pages, last]
            lines = [done, more, *turning]
            body, rest = cut(rest, lambda head, lines=lines: _is_good(head, lines, ctx.limits))  # type: ignore[misc]
            if not rest:
                return [*pages, last]
            pages.append((body, lines))


class _EndState(_State):
    takes_input = False

    def __init__(self, text: Text, on_enter: OnEnter | None) -> None:
        super().__init__(on_enter=on_enter, next=None)
        self._text = text

    async def show(self, ctx: DialogueContext, visit: Visit) -> str:
        return await say(self._text, ctx)


def text(
    question: Text,
    *,
    next: Next,
    check: Check | None = None,
    on_enter: OnEnter | None = None,
    on_answer: OnAnswer | None = None,
) -> _TextState:
    """A question answered in the person's own words; `check` refuses what is not good and may change what is kept."""
    return _TextState(question, check, next=next, on_enter=on_enter, on_answer=on_answer)


def choice(
    question: Text,
    options: Options,
    *,
    next: Next,
    error: str | None = None,
    on_enter: OnEnter | None = None,
    on_answer: OnAnswer | None = None,
) -> _ChoiceState:
    """A question answered by a number; the option's value is kept. A wrong answer repeats the screen under `error`."""
    return _ChoiceState(question, options, error, next=next, on_enter=on_enter, on_answer=on_answer)


def menu(
    question: Text, options: Mapping[str, str], *, error: str | None = None, on_enter: OnEnter | None = None
) -> _ChoiceState:
    """Numbered options that each lead to a state: its name to the label."""
    return _ChoiceState(question, options, error, next={name: name for name in options}, on_enter=on_enter)


def language(question: Text, options: Mapping[str, str], *, next: Next) -> _ChoiceState:
    """The choice of a language, kept for the person. The options are code to name: `{"en": "English"}`."""

    def keep(code: str, ctx: DialogueContext) -> None:
        ctx.language = code

    return _ChoiceState(question, options, None, next=next, on_enter=None, on_answer=keep)


def paginated_choice(
    question: Text,
    options: Options,
    *,
    next: Next,
    error: str | None = None,
    more: str = "More",
    back: str = "Back",
    on_enter: OnEnter | None = None,
    on_answer: OnAnswer | None = None,
) -> _PaginatedChoiceState:
    """A long list of options, split into screens that fit the channel: 9 is More, 0 is Back."""
    following = {"next": next, "on_enter": on_enter, "on_answer": on_answer}
    return _PaginatedChoiceState(more, back, question=question, options=options, error=error, **following)


def booklet(
    text: Text, *, next: Next, done: str = "Done", more: str = "More", back: str = "Back", on_enter: OnEnter | None = None
) -> _BookletState:
    """A long text in pages that fit the channel, cut between words. Every page offers to go on to `next`."""
    return _BookletState(text, done, more, back, next=next, on_enter=on_enter)


def end(text: Text, *, on_enter: OnEnter | None = None) -> _EndState:
    """The last screen; `on_enter` is the place to send an SMS, to count, to store."""
    return _EndState(text, on_enter)


def numbered(labels: Sequence[str]) -> list[str]:
    """`1. English`, `2. isiZulu`, …"""
    return [f"{index}. {label}" for index, label in enumerate(labels, 1)]


def read_option(text: str, labels: Sequence[str]) -> int | None:
    """Which option an answer means: its number (`1`, `1.`, `1)`), or its label typed out."""
    typed = read_number(text)
    if typed is not None:
        return typed - 1 if 1 <= typed <= len(labels) else None
    wanted = text.lower()
    return next((index for index, label in enumerate(labels) if label.lower() == wanted), None)


def read_number(text: str) -> int | None:
    """The number an answer begins and ends with, if it is one."""
    match = re.fullmatch(r"([0-9]{1,3})[.)]?", text)
    return None if match is None else int(match[1])


def _is_good(body: str, lines: Sequence[str], limits: Limits) -> bool:
    return fits("\n".join([body, *lines]), limits)
