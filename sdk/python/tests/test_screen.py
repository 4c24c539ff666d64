"""How long texts are on a phone."""

import pytest

from ngoma import measure
from ngoma.dialogue.screen import Limits, cut, fits


@pytest.mark.parametrize(
    ("text", "encoding", "length"),
    [("", "gsm", 0), ("abc é", "gsm", 5), ("€[", "gsm", 4), ("ç", "ucs2", 1), ("a😀", "ucs2", 3)],
)
def test_texts_are_measured_as_networks_do(text: str, encoding: str, length: int) -> None:
    measured = measure(text)
    assert (measured.encoding, measured.length) == (encoding, length)


def test_a_text_fits_by_its_own_encoding() -> None:
    limits = Limits(septets=4, units=2)
    assert fits("abcd", limits) and not fits("abcde", limits)
    assert fits("çç", limits) and not fits("ççç", limits)


def test_a_text_is_cut_between_words_where_it_can() -> None:
    def short(head: str) -> bool:
        return len(head) <= 5

    assert cut("one two three", short) == ("one", "two three")
    assert cut("abcdefgh", short) == ("abcde", "fgh")
    assert cut("abc", lambda head: False) == ("a", "bc")
