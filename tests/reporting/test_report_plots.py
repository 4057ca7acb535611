"""Plots are exact, readable without colour, and written as files too."""

import re
from itertools import pairwise
from pathlib import Path

import pytest
from report_builders import document, documents_frame, tag, tags_frame

from gcmtag.errors import UsageError
from gcmtag.reporting import plots
from gcmtag.reporting.figures import Figures, count


def some_figures(number: int = 3) -> Figures:
    names = [f"d{at}" for at in range(number)]
    return count(
        tags_frame(*(tag(name, "Visas.", [5, 6]) for name in names)),
        documents_frame(*(document(name) for name in names)),
    )


def heights(svg: str) -> set[float]:
    """Middles of the rows of texts, as the renderer set them."""
    return {float(match) for match in re.findall(r"<text [^>]*translate\([-\d.]+,([\d.]+)\)\"[^>]*>\d", svg)}


def lightness(colour: str) -> float:
    red, green, blue = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
    return 0.2126 * red**2.2 + 0.7152 * green**2.2 + 0.0722 * blue**2.2


def test_axis_and_cells_meet_row_by_row() -> None:
    # They are two plots, so that the axis can stay while the cells scroll.
    documents = some_figures().documents
    axis, cells = (plots.inline_svg(plots.heat_map(documents, part=part), "t", "d") for part in ("axis", "cells"))
    rows = heights(axis)
    assert len(rows) == 23
    assert heights(cells) <= rows


def test_steps_grow_darker_so_that_grey_paper_keeps_their_order() -> None:
    shades = [lightness(colour) for colour in plots.STEPS]
    assert all(lighter - darker > 0.05 for lighter, darker in pairwise(shades))


@pytest.mark.parametrize("step", range(1, len(plots.STEPS)))
def test_numbers_in_cells_have_enough_contrast(step: int) -> None:
    pair = sorted((lightness(plots.STEPS[step]), lightness(plots.STEP_INKS[step])))
    assert (pair[1] + 0.05) / (pair[0] + 0.05) >= 4.5


def test_an_inline_plot_is_named_for_screen_readers_and_escaped() -> None:
    svg = plots.inline_svg(plots.bars(some_figures(), 400), "Bars <b> & \\1", "How to read")
    assert svg.startswith('<svg role="img"')
    assert "<title>Bars &lt;b&gt; &amp; \\1</title><desc>How to read</desc>" in svg


def test_bars_name_all_objectives_longest_first() -> None:
    svg = plots.inline_svg(plots.bars(some_figures(), 400), "t", "d")
    names = re.findall(r">(\d+) +[A-Z][^<]*</text>", svg)
    assert [int(name) for name in names][:3] == [5, 6, 1]
    assert len(names) == 23


def test_titles_that_begin_alike_are_told_apart() -> None:
    titles = [f"Voluntary review of the Compact by the Republic of {name}" for name in ("Aland", "Brevia")]
    assert plots.distinct_titles(titles) == ["Aland", "Brevia"]


@pytest.mark.parametrize("suffix", [".svg", ".png"])
def test_a_plot_is_written_by_the_ending_of_its_name(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"plot{suffix}"
    plots.render(plots.heat_map(some_figures().documents), path)
    assert path.read_bytes()[:4] in {b"<svg", b"\x89PNG"}


def test_another_ending_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"plot\.gif"):
        plots.render(plots.heat_map(some_figures().documents), tmp_path / "plot.gif")
