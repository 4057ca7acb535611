"""Tags as further columns of a pandas data frame."""

from typing import TYPE_CHECKING

import pandas as pd

from gcmtag.errors import UsageError
from gcmtag.integrating.plain import COLUMNS, plain
from gcmtag.tagger import load

if TYPE_CHECKING:
    from gcmtag.tagger import Tagger


def tag_frame(
    frame: pd.DataFrame,
    text: str = "text",
    *,
    context: str | None = None,
    prefix: str = "",
    tagger: "Tagger | None" = None,
) -> pd.DataFrame:
    """A copy of the frame with the tags of one of its columns: objectives, scores, clusters, cluster_scores, role,
    role_score, evidence and unsure.

    The index and all other columns stay as they are. Where the text is missing, so are its tags.

    Args:
        frame: any data frame.
        text: name of the column to tag.
        context: name of a column with the heading or question above each text.
        prefix: put before the names of the new columns.
        tagger: the shipped model by default.

    Raises:
        UsageError: there is no such column, it holds something else than text, or a new column is there already.
    """  # noqa: D205
    for name in (text, context):
        if name is not None and name not in frame.columns:
            raise UsageError(f"no column {name!r} in the data frame: it has {', '.join(map(str, frame.columns))}")
    taken = [f"{prefix}{name}" for name in COLUMNS if f"{prefix}{name}" in frame.columns]
    if taken:
        raise UsageError(f"the data frame has columns {', '.join(taken)} already: give a prefix")
    present = frame[text].notna().to_numpy()
    texts = frame[text].to_numpy(dtype=object)[present].tolist()
    contexts = None if context is None else frame[context].astype(object).fillna("").to_numpy()[present].tolist()
    chosen = tagger if tagger is not None else load()
    found = iter(chosen.tag(texts, contexts))
    rows = [plain(next(found)) if there else dict.fromkeys(COLUMNS) for there in present]
    tagged = frame.copy()
    for name in COLUMNS:
        kind = "float32" if name == "role_score" else object
        tagged[f"{prefix}{name}"] = pd.Series([row[name] for row in rows], index=frame.index, dtype=kind)
    return tagged
