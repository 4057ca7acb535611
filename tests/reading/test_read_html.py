"""A web page gives its main content, and nothing of what stands around it."""

from pathlib import Path

import pytest

from gcmtag import reading
from gcmtag.document import Block, SourceFile


def read(folder: Path, body: str, head: str = "", lang: str = "", encoding: str = "utf-8") -> SourceFile:
    path = folder / "page.html"
    path.write_bytes(f"<!doctype html><html{lang}><head>{head}</head><body>{body}</body></html>".encode(encoding))
    return reading.read_blocks(path)


def blocks(folder: Path, body: str) -> tuple[Block, ...]:
    return read(folder, body).blocks


def shown(folder: Path, body: str) -> list[tuple[str, str, str]]:
    return [(block.kind, block.marker, block.text) for block in blocks(folder, body)]


def test_menus_banners_forms_and_scripts_are_left_out(tmp_path):
    source = read(
        tmp_path,
        """<header class="site-header"><a href="/">Ministry</a></header>
        <nav><ul><li><a href="/a">Home</a></li><li><a href="/b">News</a></li></ul></nav>
        <div id="cookie-banner">We use cookies <button>Accept</button></div>
        <div class="wrap"><h1>Review</h1><p>Consulates issue passports abroad within ten days of the request.</p>
        <script>var a = 1;</script><style>p {}</style></div>
        <form><label>Search</label><input type="text"></form>
        <aside>Related pages</aside><div style="display: none">hidden</div>
        <footer>Imprint</footer>""",
    )
    assert [block.text for block in source.blocks] == [
        "Review",
        "Consulates issue passports abroad within ten days of the request.",
    ]
    assert source.dropped["menu"] == 2
    assert source.dropped["page footer"] == 1


def test_only_the_main_element_is_read_where_there_is_one(tmp_path):
    body = "<div>Subscribe to our letter</div><main><p>Schools enrol all children at any time.</p></main>"
    assert shown(tmp_path, body) == [("paragraph", "", "Schools enrol all children at any time.")]


def test_a_page_wrapped_in_a_form_is_read(tmp_path):
    assert blocks(tmp_path, "<form><div><p>Schools enrol all children at any time.</p></div></form>")


def test_a_section_on_social_protection_is_no_share_button(tmp_path):
    body = "<p>Before.</p><div id='social-protection'><p>Pensions are paid abroad.</p></div><p>More text after it.</p>"
    assert [block.text for block in blocks(tmp_path, body)][1] == "Pensions are paid abroad."


def test_the_header_of_an_article_keeps_its_title(tmp_path):
    body = "<article><header><h1>Nobody asked us</h1></header><p>We write about what we know.</p></article>"
    assert shown(tmp_path, body)[0] == ("heading", "", "Nobody asked us")


def test_headings_have_levels_and_the_only_first_one_is_the_title(tmp_path):
    source = read(tmp_path, "<h1>Review</h1><h3>Data</h3><p>Text.</p>", head="<title>Review | Ministry</title>")
    assert [block.level for block in source.blocks] == [1, 3, 0]
    assert source.title == "Review"


def test_without_a_first_heading_the_title_comes_from_the_head(tmp_path):
    assert read(tmp_path, "<p>Text.</p>", head="<title>National\n review</title>").title == "National review"


@pytest.mark.parametrize(("lang", "code"), [(' lang="es-MX"', "es"), (" xml:lang='fr'", "fr"), ("", None)])
def test_the_declared_language_is_given(tmp_path, lang, code):
    assert read(tmp_path, "<p>Text.</p>", lang=lang).language == code


def test_lists_are_numbered_as_the_page_numbers_them(tmp_path):
    body = """<ol start="3" type="a"><li>third<ul><li>inner</li></ul></li><li value="7">seventh</li></ol>
              <ol type="i"><li>one</li><li>two</li></ol>"""
    assert shown(tmp_path, body) == [
        ("list_item", "c.", "third"),
        ("list_item", "•", "inner"),
        ("list_item", "g.", "seventh"),
        ("list_item", "i.", "one"),
        ("list_item", "ii.", "two"),
    ]
    assert [block.level for block in blocks(tmp_path, body)] == [0, 1, 0, 0, 0]


def test_a_second_paragraph_of_a_list_item_is_a_paragraph(tmp_path):
    body = "<ul><li><p>Fees are forbidden.</p><p>Checks take place.</p></li></ul>"
    assert shown(tmp_path, body) == [
        ("list_item", "•", "Fees are forbidden."),
        ("paragraph", "", "Checks take place."),
    ]


def test_text_outside_of_paragraphs_is_read_in_order(tmp_path):
    body = "<div>Before <b>bold</b> words<p>A paragraph</p>and after it</div>"
    assert [block.text for block in blocks(tmp_path, body)] == ["Before bold words", "A paragraph", "and after it"]


def test_line_breaks_are_spaces_two_of_them_end_a_paragraph(tmp_path):
    body = "<p>One sentence<br>on two lines.<br><br>Another one.</p><p>- fees<br>- visas</p>"
    assert shown(tmp_path, body) == [
        ("paragraph", "", "One sentence on two lines."),
        ("paragraph", "", "Another one."),
        ("list_item", "-", "fees"),
        ("list_item", "-", "visas"),
    ]


def test_a_paragraph_all_in_bold_is_marked_as_bold(tmp_path):
    first, second = blocks(tmp_path, "<p><strong>Objective 5</strong></p><p><b>Visas</b> are issued.</p>")
    assert first.bold
    assert not second.bold


def test_a_table_gives_its_rows_with_their_cells(tmp_path):
    body = """<table><caption>Permits</caption><tr><th>Year</th><th>Issued</th></tr>
              <tr><td rowspan=2>2022</td><td>14&nbsp;000</td></tr><tr><td>15 000</td></tr></table>"""
    caption, *rows = blocks(tmp_path, body)
    assert (caption.kind, caption.text) == ("caption", "Permits")
    assert [row.cells for row in rows] == [("Year", "Issued"), ("2022", "14 000"), ("15 000",)]
    assert rows[0].text == "Year\tIssued"


def test_a_table_with_paragraphs_in_its_cells_gives_the_paragraphs(tmp_path):
    body = "<table><tr><td>Which laws apply?</td><td><p>The Act of 2021.</p><p>The Plan of 2022.</p></td></tr></table>"
    assert [block.text for block in blocks(tmp_path, body)] == [
        "Which laws apply?",
        "The Act of 2021.",
        "The Plan of 2022.",
    ]


def test_check_boxes_are_shown_as_ticked_or_empty(tmp_path):
    body = "<p><input type=checkbox checked> Yes <input type=checkbox> No</p>"
    assert shown(tmp_path, body) == [("paragraph", "", "☒ Yes ☐ No")]


def test_footnote_marks_are_left_out_and_footnotes_marked(tmp_path):
    source = read(
        tmp_path,
        """<p>Fees are forbidden.<sup><a href="#fn1">1</a></sup> An area of 40 km<sup>2</sup>.</p>
        <section class="footnotes"><ol><li id="fn1">Act of 2021. <a href="#r1">↩</a></li></ol></section>""",
    )
    assert [(block.kind, block.marker, block.text) for block in source.blocks] == [
        ("paragraph", "", "Fees are forbidden. An area of 40 km2."),
        ("footnote", "1.", "Act of 2021."),
    ]
    assert source.dropped["footnote mark"] == 2


def test_the_named_encoding_counts_and_a_wrong_one_does_not(tmp_path):
    text = "Régión: l’accueil"
    declared = '<meta charset="iso-8859-1">'
    assert read(tmp_path, f"<p>{text}</p>", head=declared, encoding="cp1252").blocks[0].text == text
    assert read(tmp_path, f"<p>{text}</p>", head='<meta charset="utf-8">', encoding="cp1252").blocks[0].text == text


def test_deep_nesting_does_no_harm(tmp_path):
    assert "core" in " ".join(block.text for block in blocks(tmp_path, "<p>core text</p>" + "<div>" * 3000 + "x"))


def test_control_characters_do_no_harm(tmp_path):
    rest = "<p>Consulates issue passports abroad within ten days of the request.</p>" * 5
    assert blocks(tmp_path, "<p>Visas\x01 are\x00 issued.</p>" + rest)[0].text == "Visas are issued."


CONTENT = (
    "<p>Consulates of Vesmar issue passports to seasonal workers free of charge, and print them within two weeks.</p>"
    * 6
)


@pytest.mark.parametrize(
    "banner",
    [
        "<div class='eu-cookie-compliance-banner'><p>Privacy first.</p></div>",
        "<div id='onetrust-banner-sdk'><p>Your choice.</p><button>Accept</button></div>",
        "<div class='x1'><p>We use cookies to improve your visit.</p><a href='/c'>More</a><button>OK</button></div>",
        "<section><div>Ce site utilise des cookies.</div><div><a href='#'>Accepter</a></div></section>",
    ],
)
def test_cookie_banners_are_left_out_with_or_without_a_telling_name(tmp_path, banner):
    """Every public page has one, and each program calls it something else."""
    assert {text for _, _, text in shown(tmp_path, banner + CONTENT)} == {
        text for _, _, text in shown(tmp_path, CONTENT)
    }


def test_a_sentence_about_cookies_within_the_content_stays(tmp_path):
    """A law on data protection may speak of cookies."""
    body = f"<main>{CONTENT}<p>The agency uses cookies on its job portal only with consent.</p></main>"
    assert any("cookies" in text for _, _, text in shown(tmp_path, body))


def test_menus_that_are_no_lists_and_footers_without_the_element_are_left_out(tmp_path):
    """Older sites part their links with bars and call the foot of the page a div."""
    skip = "<a href='#c'>Skip to main content</a>"
    menu = "<div><a href='/'>Home</a> | <a href='/n'>News</a> | <a href='/i'>Us</a></div>"
    foot = "<div class='site-footer'><p>Ministry of Labour, Harbour Road 4</p></div>"
    assert shown(tmp_path, skip + menu + CONTENT + foot) == shown(tmp_path, CONTENT)


def test_text_nested_too_deeply_is_not_lost_without_a_word(tmp_path):
    """The parser stops at a depth; the reader of the passages must know."""
    source = read(tmp_path, CONTENT + "<div>" * 400 + "<p>Far below.</p>" + "</div>" * 400)
    assert source.warnings


def test_a_questionnaire_laid_out_in_a_table_gives_prompts_and_answers_in_order(tmp_path):
    """The answer stands in the cell beside or below its question, in several paragraphs."""
    table = (
        "<table><tr><th>Question</th><th>Answer</th></tr>"
        "<tr><td>1. a) Trends</td><td><p>Arrivals doubled.</p><p>Departures fell.</p></td></tr>"
        "<tr><td>Publish?</td><td>&#9746; Yes &#9744; No</td></tr></table>"
    )
    assert [text for _, _, text in shown(tmp_path, table)] == [
        "Question\tAnswer",
        "1. a) Trends",
        "Arrivals doubled.",
        "Departures fell.",
        "Publish?\t☒ Yes ☐ No",
    ]
