"""Reminds people of their next visit to the clinic: by USSD or SMS, in two languages."""

from datetime import datetime, timedelta, timezone

from clinics import CLINICS
from ngoma import (
    Context,
    Dialogue,
    DialogueContext,
    Event,
    choice,
    date,
    end,
    format_date,
    language,
    paginated_choice,
    text,
)

FRENCH = {
    "Which clinic do you go to?": "Dans quel centre allez-vous ?",
    "When is your next visit? For example {example}.": "Quand est votre visite ? Par exemple {example}.",
    "Visit on {day} at {place}?": "Visite le {day} à {place} ?",
    "Yes": "Oui",
    "No": "Non",
    "Thank you. You will get an SMS the day before.": "Merci. Vous recevrez un SMS la veille.",
    "Tomorrow is your visit at {place}.": "Demain, votre visite à {place}.",
    "More": "Suite",
    "Back": "Retour",
}


def details(ctx: DialogueContext) -> dict[str, str]:
    """The visit as a person reads it."""
    return {"day": format_date(ctx.answers["day"]), "place": CLINICS[ctx.answers["clinic"]]}


def ask_day(ctx: DialogueContext) -> str:
    example = format_date((ctx.now() + timedelta(days=30)).date())
    return ctx.t("When is your next visit? For example {example}.", example=example)


def ask_if_right(ctx: DialogueContext) -> str:
    return ctx.t("Visit on {day} at {place}?", **details(ctx))


async def remind(ctx: DialogueContext) -> None:
    """The day before at nine, by this country's time."""
    visit = datetime.fromisoformat(ctx.answers["day"]).replace(tzinfo=timezone.utc)
    moment = max(visit - timedelta(days=1) + timedelta(hours=7), ctx.now() + timedelta(minutes=1))
    words = ctx.t("Tomorrow is your visit at {place}.", **details(ctx))
    await ctx.outbound.send_sms(ctx.address, words, send_at=moment)
    await ctx.metrics.count("reminders")


service = Dialogue(
    name="visits",
    languages={"en": "English", "fr": "Français"},
    translations={"fr": FRENCH},
    start_words=["VISIT"],
    start="language",
    states={
        "language": language("Welcome. Your language?", {"en": "English", "fr": "Français"}, next="clinic"),
        "clinic": paginated_choice("Which clinic do you go to?", CLINICS, next="day"),
        "day": text(
            ask_day,
            check=date(
                first=1,
                last=365,
                unreadable="Reply with a day, for example {example}.",
                too_early="Reply with a day from {first}.",
                too_late="Reply with a day up to {last}.",
            ),
            next="right",
        ),
        "right": choice(ask_if_right, {"yes": "Yes", "no": "No"}, next={"yes": "done", "no": "clinic"}),
        "done": end("Thank you. You will get an SMS the day before.", on_enter=remind),
    },
)


@service.on_event
async def count_failures(event: Event, ctx: Context) -> None:
    if event.event_type == "nack":
        await ctx.metrics.count("reminders.failed")
