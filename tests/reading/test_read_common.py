"""The same characters come out, whatever bytes they were written as."""

import pytest

from gcmtag.reading.common import broken_lines, clean, decode

TEXT = "Naïve co-operation – “São Tomé”, l’État: 5 €"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "cp1252"])
def test_western_text_is_decoded_from_the_usual_encodings(encoding):
    assert decode(TEXT.encode(encoding)) == TEXT


def test_cyrillic_text_is_not_taken_for_western():
    text = "Миграция должна быть безопасной, упорядоченной и легальной для всех. " * 8
    assert decode(text.encode("cp1251")) == text


def test_polish_text_is_not_taken_for_western():
    text = "Państwa zapewniają usługi i właściwą pomoc dla przybywających, także żywność. " * 8
    assert decode(text.encode("cp1250")) == text


def test_a_damaged_byte_does_not_turn_utf8_into_another_encoding():
    assert decode("Écoles, hôpitaux, générations".encode() + b"\xff") == "Écoles, hôpitaux, générations\ufffd"


def test_line_ends_of_all_systems_become_line_feeds():
    assert decode(b"a\r\nb\rc\nd") == "a\nb\nc\nd"


def test_boxes_of_all_fonts_become_one_empty_and_one_ticked_box():
    assert clean("□ ☐ \uf0a8 / ☑ ☒ \uf0fe") == "☐ ☐ ☐ / ☒ ☒ ☒"


def test_ligatures_are_written_out_and_invisible_characters_dropped():
    assert clean("e\ufb03cient\u200b of\u00adfices\u00a0 here") == "efficient offices here"


def test_a_fraction_and_a_raised_mark_stay_what_they_are():
    assert clean("½ of them¹") == "½ of them¹"


def test_line_breaks_part_the_lines_of_a_list_and_nothing_else():
    assert broken_lines("Two\nlines") == [("", "Two lines")]
    assert broken_lines("(a) one\n(b) two\nand more") == [("(a)", "one"), ("(b)", "two and more")]
