"""The short table names every document up to a limit, and all together."""

from report_builders import document, documents_frame, tag, tags_frame

from gcmtag.reporting import short_table


def test_a_row_a_document_with_counts_and_the_objectives_most_often_tagged() -> None:
    tags = tags_frame(tag("a", "Wages.", [6]), tag("a", "Visas and wages.", [5, 6]), tag("a", "Method."))
    lines = short_table(tags, documents_frame(document("a"), document("b"))).splitlines()
    assert [line.split() for line in lines] == [
        ["Document", "Passages", "Tagged", "Most", "often", "tagged"],
        ["Review", "of", "a", "3", "2", "6", "Decent", "work", "(2),", "5", "Regular", "pathways", "(1)"],
        ["Review", "of", "b", "0", "0", "none"],
        ["All", "documents", "3", "2", "6", "Decent", "work", "(2),", "5", "Regular", "pathways", "(1)"],
    ]


def test_one_document_needs_no_row_for_all() -> None:
    assert "All documents" not in short_table(tags_frame(tag("a", "Wages.", [6])), documents_frame(document("a")))


def test_documents_beyond_the_limit_are_counted_in_one_row() -> None:
    names = [f"d{at}" for at in range(25)]
    tags = tags_frame(*(tag(name, "Wages.", [6]) for name in names))
    lines = short_table(tags, documents_frame(*(document(name) for name in names))).splitlines()
    assert len(lines) == 1 + 20 + 1 + 1
    assert lines[-2].split() == ["and", "5", "more", "5", "5"]


def test_square_brackets_in_a_title_are_not_markup() -> None:
    documents = documents_frame(document("a", title="[red]Review[/red]"))
    assert "[red]Review[/red]" in short_table(tags_frame(tag("a", "Wages.", [6])), documents)
