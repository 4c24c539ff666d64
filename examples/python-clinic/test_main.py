"""The dialogue, as people have it."""

from main import service
from ngoma.testing import Tester


def test_a_visit_is_reminded_of() -> None:
    phone = Tester(service)
    assert phone.dial().text == "Welcome. Your language?\n1. English\n2. Français"
    first = phone.send("1").text or ""
    assert first.startswith("Which clinic do you go to?\n1. Mankweng Clinic") and first.endswith("9. More")
    assert phone.send("2").text == "When is your next visit? For example 23/12/2026."
    assert phone.send("yesterday").text == (
        "Reply with a day, for example 25/05/2027.\nWhen is your next visit? For example 23/12/2026."
    )
    assert phone.send("07/01/2027").text == "Visit on 07/01/2027 at Seshego Zone 3 Clinic?\n1. Yes\n2. No"
    last = phone.send("1")
    assert (last.text, last.is_end) == ("Thank you. You will get an SMS the day before.", True)
    assert phone.sent[0].text == "Tomorrow is your visit at Seshego Zone 3 Clinic."
    assert "2027-01-06" in (phone.sent[0].send_at or "")
    assert phone.log == []


def test_it_speaks_french_by_sms() -> None:
    phone = Tester(service)
    phone.sms("visit")
    assert (phone.sms("2").text or "").startswith("Dans quel centre allez-vous ?\n1. ")
    phone.sms("Giyani Community Clinic")
    phone.sms("24122026")
    phone.sms("Oui")
    assert phone.sent[0].text == "Demain, votre visite à Giyani Community Clinic."


def test_a_reminder_that_failed_is_counted() -> None:
    phone = Tester(service)
    phone.event("nack")
    assert phone.metrics == [("reminders.failed", 1, "sum")]
