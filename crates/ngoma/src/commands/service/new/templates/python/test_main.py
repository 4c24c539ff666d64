"""The dialogue, as people have it."""

from main import service
from ngoma.testing import Tester


def test_the_name_is_used() -> None:
    phone = Tester(service)
    assert phone.dial().text == "What is your name?"
    assert phone.send("Thandi").text == "Hello Thandi. Where do you live?\n1. Polokwane\n2. Thohoyandou"
    assert phone.send("1").text == "Thank you, Thandi."
