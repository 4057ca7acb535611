"""Manuscripts as HTML: for print (Chromium, WeasyPrint) and as pages of a site with menus around them."""

import html
from typing import Final

from layouts.manuscript import Manuscript, Part

_PRINT: Final = """
@page {{ size: A4; margin: 26mm 24mm 24mm 24mm;
  @top-{head_side} {{ content: "{head}"; font-size: 8.5pt; font-family: {font} }}
  @bottom-left {{ content: "{foot}"; font-size: 8.5pt; font-family: {font} }}
  @bottom-right {{ content: {number}; font-size: 8.5pt; font-family: {font} }}
  @footnote {{ border-top: 0.5pt solid black; padding-top: 4pt; }} }}
body {{ font: {size}pt/1.35 {font}; hyphens: {hyphens}; text-align: {align} }}
h1 {{ font-size: 1.6em; text-align: left }} h2 {{ font-size: 1.25em; text-align: left; break-after: avoid }}
h3 {{ font-size: 1.08em; text-align: left; break-after: avoid }}
.flow {{ column-count: {columns}; column-gap: 8mm }}
.box {{ border: 0.8pt solid #345; background: #eef2f8; padding: 6pt 9pt; margin: 8pt 0; break-inside: avoid }}
.note {{ float: footnote; font-size: 8.5pt; line-height: 1.25; text-align: left; hyphens: none }}
.lettered {{ margin-left: 10mm; text-indent: -7mm }}
figcaption {{ font-size: 9pt; font-style: italic; margin: 6pt 0 2pt 0 }} figure {{ margin: 8pt 0; break-inside: avoid }}
table {{ border-collapse: collapse; width: 100%; margin: 4pt 0 8pt 0 }}
td, th {{ border: 0.6pt solid #333; padding: 3pt 5pt; vertical-align: top; text-align: left }}
"""


def printed(
    manuscript: Manuscript,
    *,
    columns: int = 1,
    font: str = "'Liberation Serif'",
    size: float = 10.5,
    align: str = "left",
    hyphens: str = "none",
    head_side: str = "left",
    tables: bool = False,
) -> str:
    """A manuscript as HTML with running head and foot, to be printed; ``tables`` sets a form in cells."""
    style = _PRINT.format(
        head=manuscript.head,
        foot=manuscript.foot,
        number='counter(page) " / " counter(pages)' if columns == 1 else "counter(page)",
        columns=columns,
        font=font,
        size=size,
        align=align,
        hyphens=hyphens,
        head_side=head_side,
    )
    body = _form(manuscript) if tables else "".join(_part(part) for part in manuscript.parts)
    return (
        f'<!doctype html><html lang="{manuscript.language}"><head><meta charset="utf-8">'
        f"<title>{_escaped(manuscript.title)}</title><style>{style}</style></head><body>"
        f'<h1>{_escaped(manuscript.title)}</h1><div class="flow">{body}</div></body></html>'
    )


def site(manuscript: Manuscript) -> str:
    """A page as programs for content management write it today: nav, main, aside, footer, and a cookie notice."""
    links = [f'<a href="/{number}">{_escaped(text)}</a>' for number, text in enumerate(manuscript.menu)]
    menu = "".join(f"<li>{link}</li>" for link in links[:3])
    body = "".join(_part(part) for part in manuscript.parts)
    return (
        f'<!doctype html><html lang="{manuscript.language}"><head><meta charset="utf-8">'
        f"<title>{_escaped(manuscript.title)} | Ministry</title></head><body>"
        f'<div id="cookie-banner" role="dialog"><p>{links[3]}</p><button>Accept</button></div>'
        f'<header class="site"><nav><ul>{menu}</ul></nav></header>'
        f"<main><article><h1>{_escaped(manuscript.title)}</h1>{body}</article></main>"
        f"<aside><p>{links[5]}</p></aside><footer><p>{links[4]}</p></footer></body></html>"
    )


def old_site(manuscript: Manuscript) -> str:
    """A page as it was written before there were elements for its parts: everything in cells of a table."""
    links = [f'<a href="p{number}.htm">{_escaped(text)}</a><br>' for number, text in enumerate(manuscript.menu)]
    body = "".join(_old_part(part) for part in manuscript.parts)
    return (
        f"<HTML><HEAD><TITLE>{_escaped(manuscript.title)}</TITLE></HEAD><BODY><TABLE width=100% border=0>"
        f'<TR><TD colspan=2 class="menu">{links[0]}{links[1]}{links[2]}</TD></TR>'
        f'<TR><TD width=160 class="sidebar" valign=top>{links[3]}{links[4]}</TD>'
        f"<TD valign=top><H1>{_escaped(manuscript.title)}</H1>{body}</TD></TR>"
        f'<TR><TD colspan=2 class="footer">{links[5]}</TD></TR></TABLE></BODY></HTML>'
    )


def _part(part: Part) -> str:  # noqa: PLR0911  # one for each kind of part
    text = _escaped(part.text)
    note = f'<span class="note">{_escaped(part.note)}</span>' if part.note else ""
    marker = _escaped(part.marker)
    language = f' lang="{part.language}"' if part.language != "en" else ""
    if part.kind == "heading":
        return f"<h{part.level + 1}>{marker} {text}</h{part.level + 1}>"
    if part.kind == "bullet":
        return f"<ul><li>{text}</li></ul>"
    if part.kind == "lettered":
        return f'<p class="lettered">{marker}&ensp;{text}</p>'
    if part.kind == "box":
        return f'<div class="box"><p>{text}</p></div>'
    if part.kind == "figures":
        return f"<figure><table>{''.join(_row(row) for row in part.cells)}</table></figure>"
    if part.kind == "caption":
        return f"<figcaption>{text}</figcaption>"
    if part.kind == "prompt":
        return f"<p><b>{text}</b></p>"
    number = f"{marker}&emsp;" if marker else ""
    return f"<p{language}>{number}{text}{note}</p>"


def _row(cells: tuple[str, ...]) -> str:
    return "<tr>" + "".join(f"<td>{_escaped(cell)}</td>" for cell in cells) + "</tr>"


def _old_part(part: Part) -> str:
    text = _escaped(part.text)
    if part.kind == "heading":
        return f"<H{part.level + 1}>{text}</H{part.level + 1}>"
    if part.kind == "bullet":
        return f"<UL><LI>{text}</UL>"
    return f"<P>{_escaped(part.marker)} {text}"


def _form(manuscript: Manuscript) -> str:
    """A questionnaire: each question in the left cell of a row, its answer in the right one."""
    rows: list[str] = []
    asked = ""
    answers: list[str] = []

    def close() -> None:
        if asked:
            cells = "".join(f"<p>{answer}</p>" for answer in answers)
            rows.append(f'<tr><td width="32%"><p><b>{asked}</b></p></td><td>{cells}</td></tr>')

    for part in manuscript.parts:
        if part.kind == "paragraph":
            answers.append(_escaped(part.text))
            continue
        close()
        asked, answers = "", []
        if part.kind == "heading":
            rows.append(f'<tr><td colspan="2"><p><b>{_escaped(part.text)}</b></p></td></tr>')
        else:
            asked = _escaped(part.text)
    close()
    return f"<table>{''.join(rows)}</table>"


def _escaped(text: str) -> str:
    return html.escape(text, quote=False)
