"""Services as states."""

from typing import Any

import pytest

from ngoma import (
    Dialogue,
    DialogueContext,
    Problem,
    Resume,
    ServiceError,
    booklet,
    choice,
    date,
    end,
    language,
    menu,
    number,
    paginated_choice,
    phone,
    problem,
    text,
)
from ngoma.testing import Tester

VILLAGES = {f"v{index}": f"A village with a long name, number {index}" for index in range(12)}


def survey(**changes: Any) -> Dialogue:
    def check_name(typed: str, _ctx: DialogueContext) -> str | Problem:
        return typed.title() if len(typed) < 10 else problem("At most {most} letters.", most=9)

    async def welcome(ctx: DialogueContext) -> None:
        ctx.profile["name"] = ctx.answers["name"]
        await ctx.outbound.send_sms(ctx.address, ctx.t("Welcome, {name}."))

    definition: dict[str, Any] = {
        "name": "survey",
        "languages": {"en": "English", "fr": "Français"},
        "translations": {"fr": {"Yes": "Oui", "Sure, {name}?": "Sûr, {name} ?"}},
        "start": "language",
        "start_words": ["JOIN"],
        "states": {
            "language": language("Language?", {"en": "English", "fr": "Français"}, next="name"),
            "name": text("Name?", check=check_name, next="sure"),
            "sure": choice("Sure, {name}?", {"yes": "Yes", "no": "No"}, next={"yes": "done", "no": "name"}),
            "done": end("Thank you, {name}.", on_enter=welcome),
        },
    }
    return Dialogue(**{**definition, **changes})


def one(state: Any, **changes: Any) -> Tester:
    """A phone that has dialled a service whose first state is this one."""
    states = {"first": state, "done": end("Kept {first}.")}
    tester = Tester(Dialogue(name="one", start="first", states=states, **changes))
    tester.dial()
    return tester


def check(state: Any, typed: str, expected: str) -> None:
    assert one(state).send(typed).text == expected


def test_answers_lead_to_the_end() -> None:
    tester = Tester(survey())
    assert tester.dial().text == "Language?\n1. English\n2. Français"
    assert tester.send("2").text == "Name?"
    assert tester.send("nomsa").text == "Sûr, Nomsa ?\n1. Oui\n2. No"
    assert tester.send("no").text == "Name?"
    assert tester.send("lwazi").text == "Sûr, Lwazi ?\n1. Oui\n2. No"
    last = tester.send("1.")
    assert (last.text, last.is_end) == ("Thank you, Lwazi.", True)
    assert [(sent.endpoint, sent.text) for sent in tester.sent] == [("sms", "Welcome, Lwazi.")]
    stored = tester.kv["users.survey.+27831234567"]
    assert stored["profile"] == {"name": "Lwazi"} and "at" not in stored


def test_a_wrong_answer_says_what_to_do() -> None:
    tester = Tester(survey())
    tester.dial()
    assert tester.send("7").text == "Please choose one of these numbers.\nLanguage?\n1. English\n2. Français"
    assert tester.send("").text == "Language?\n1. English\n2. Français"
    tester.send("1")
    assert tester.send("a very long name").text == "At most 9 letters.\nName?"


def test_what_a_person_typed_is_never_a_placeholder() -> None:
    assert one(text("?", next="done")).send("{first} {name}").text == "Kept {first} {name}."


def test_a_redial_offers_to_go_on() -> None:
    tester = Tester(survey())
    tester.dial()
    tester.send("1")
    assert tester.hang_up().text is None
    offer = "Welcome back. You have not finished.\n1. Continue where you left off\n2. Start again"
    assert tester.dial().text == offer
    assert tester.send("9").text == "Please choose one of these numbers.\n" + offer
    assert tester.send("1").text == "Name?"
    tester.dial()
    assert tester.send("2").text == "Language?\n1. English\n2. Français"


@pytest.mark.parametrize(
    ("resume", "hours", "screen"),
    [
        (Resume(mode="continue"), 1, "Name?"),
        (Resume(mode="restart"), 1, "Language?\n1. English\n2. Français"),
        (Resume(mode="continue", hours=2), 3, "Language?\n1. English\n2. Français"),
    ],
)
def test_coming_back_is_as_the_service_says(resume: Resume, hours: int, screen: str) -> None:
    tester = Tester(survey(resume=resume))
    tester.dial()
    tester.send("1")
    tester.wait(hours=hours)
    assert tester.dial().text == screen


def test_texts_have_no_sessions() -> None:
    tester = Tester(survey())
    assert tester.sms("hello").text == "Language?\n1. English\n2. Français"
    assert tester.sms("1").text == "Name?"
    assert tester.sms("join").text == "Welcome back. You have not finished.\n1. Continue where you left off\n2. Start again"


def test_a_state_that_is_gone_begins_anew() -> None:
    place = {"state": "gone", "page": 0, "manner": "session", "since": 1795420800}
    person = {"v": 1, "answers": {}, "profile": {}, "at": place}
    tester = Tester(survey(), kv={"users.survey.+27831234567": person})
    assert tester.send("1").text == "Language?\n1. English\n2. Français"
    other = Tester(survey(), kv={"users.survey.+27831234567": {"v": 2}})
    assert other.dial().text == "Language?\n1. English\n2. Français"
    assert other.log == [("warning", "the stored person is of another version: not read")]


def test_a_person_can_be_forgotten() -> None:
    def forget(ctx: DialogueContext) -> None:
        ctx.forget()

    tester = Tester(survey(states={"language": end("Gone.", on_enter=forget)}))
    tester.dial()
    assert tester.kv == {}


def test_a_menu_leads_where_its_options_say() -> None:
    states = {"first": menu("Where?", {"a": "To A", "b": "To B"}), "a": end("A"), "b": end("B")}
    tester = Tester(Dialogue(name="m", start=lambda _ctx: "first", states=states))
    assert tester.dial().text == "Where?\n1. To A\n2. To B"
    assert tester.send("to b").text == "B"


def test_a_long_list_is_split_into_screens_that_fit() -> None:
    tester = one(paginated_choice("Which village?", VILLAGES, next="done"))
    first = tester.send("").text or ""
    assert first.endswith("9. More") and len(first) <= 182
    second = tester.send("9").text or ""
    assert second.endswith("9. More\n0. Back") and len(second) <= 182
    assert tester.send("0").text == first
    assert tester.send("9").text == second
    assert tester.send("1").text == "Kept v4."


def test_a_booklet_turns_its_pages() -> None:
    tester = one(booklet("Words and more. " * 20, next="done"))
    pages = [tester.send("").text or ""]
    while "9. More" in pages[-1]:
        pages.append(tester.send("9").text or "")
    assert len(pages) == 2 and all(len(page) <= 182 for page in pages)
    body = " ".join(page.split("\n")[0] for page in pages)
    assert body == ("Words and more. " * 20).strip()
    assert tester.send("0").text == pages[0]
    assert tester.send("1").text == "Kept done."


def test_dates_are_read_in_their_usual_forms() -> None:
    asked = text("?", next="done", check=date(first=0, last=60, unreadable="Like {example}", too_early="From {first}", too_late="To {last}"))
    for typed in ["25/12/2026", "25122026", "25-12-2026", "25 12 2026", "25.12.2026"]:
        check(asked, typed, "Kept 2026-12-25.")
    check(asked, "31/02/2027", "Like 23/12/2026\n?")
    check(asked, "soon", "Like 23/12/2026\n?")
    check(asked, "22/11/2026", "From 23/11/2026\n?")
    check(asked, "23/01/2027", "To 22/01/2027\n?")


def test_numbers_and_telephone_numbers_are_checked() -> None:
    asked = text("?", next="done", check=number(minimum=1, maximum=20, error="{min} to {max}"))
    check(asked, "020", "Kept 20.")
    for typed in ["0", "21", "-1", "1.5", "one", "²"]:
        check(asked, typed, "1 to 20\n?")
    asked = text("?", next="done", check=phone(calling_code="27", digits=9, error="A number"))
    for typed in ["083 123 4567", "+27 83 123-4567", "0027831234567"]:
        check(asked, typed, "Kept +27831234567.")
    check(asked, "+44 20 7946 0000", "Kept +442079460000.")
    for typed in ["12", "083 123 456", "hello"]:
        check(asked, typed, "A number\n?")


def test_a_screen_too_long_is_a_warning() -> None:
    tester = Tester(Dialogue(name="long", start="first", states={"first": end("é" * 100 + "ç" * 100)}))
    tester.dial()
    assert tester.log == [("warning", 'the screen of the state "first" takes 200 UCS-2 units, more than the channel shows')]


def test_an_error_that_makes_the_screen_too_long_takes_the_questions_place() -> None:
    question = "Q" * 150
    assert one(choice(question, {"a": "A"}, next="done")).send("7").text == "Please choose one of these numbers.\n1. A"


def test_a_definition_that_leads_nowhere_is_refused() -> None:
    wrong: list[tuple[dict[str, Any], str]] = [
        ({"start": "nowhere"}, 'the start leads to "nowhere"'),
        ({"states": {"language": text("?", next="nowhere")}}, 'the state "language" leads to "nowhere"'),
        ({"translations": {"zu": {}}}, 'translations for "zu"'),
    ]
    for changes, words in wrong:
        with pytest.raises(ServiceError, match=words):
            survey(**changes)
