"""Keyword queries for the objectives: what a careful desk officer would type into a search box, as a peer.

Each query is a list of alternatives parted by semicolons; ``*`` stands for any ending of a word. They were written from
the Compact's own vocabulary before any of them was tried, and are no part of the classifier.
"""

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final

import numpy as np

from gcmtag.objectives import NUMBERS

if TYPE_CHECKING:
    from numpy.typing import NDArray

QUERIES: Final[Mapping[int, str]] = {
    1: """
        migration data; migration statistic*; census; survey*; disaggregated; data collection; database*;
        statistical office; migration profile; indicators; evidence-based polic*
    """,
    2: """
        adverse drivers; root causes; poverty; unemployment; climate change; disaster*; desertification;
        environmental degradation; job creation; livelihood*; drivers of migration; brain drain
    """,
    3: """
        information campaign*; awareness campaign*; awareness-raising; pre-departure; orientation; hotline*;
        website*; information cent*; migrant resource cent*; accurate information; leaflet*
    """,
    4: """
        birth registration; civil registr*; identity card*; identity document*; legal identity; passport*; travel
        document*; stateless*; consular card*; biometric*; proof of identity
    """,
    5: """
        regular pathway*; work permit*; labour migration; labour mobility; bilateral labour agreement*; bilateral
        agreement*; family reunification; seasonal work*; visa*; residence permit*; student*; regularization;
        regularisation; quota*; free movement; humanitarian admission
    """,
    6: """
        recruitment; recruiter*; recruitment fee*; decent work; labour inspect*; wage*; domestic worker*; working
        conditions; private employment agenc*; labour rights; forced labour; employer*; labour standards
    """,
    7: """
        vulnerab*; unaccompanied; child protection; best interests; gender-based violence; victims of violence;
        separated children; migrant children; women migrant*; persons with disabilities; guardian*
    """,
    8: """
        search and rescue; missing migrant*; loss of life; deaths; died; drown*; save lives; saving lives;
        rescue*; identification of remains; shipwreck*
    """,
    9: """
        smuggl*
    """,
    10: """
        trafficking; traffick*; victims of trafficking; exploitation
    """,
    11: """
        border management; border control*; border post*; border guard*; border officer*; integrated border;
        cross-border; borders; pre-screening; advance passenger information
    """,
    12: """
        screening; referral; referral mechanism*; processing time*; migration procedures; status determination;
        predictab*; immigration procedures; case management; legal aid
    """,
    13: """
        detention; detain*; alternatives to detention; detention cent*; custody
    """,
    14: """
        consul*; embass*; diplomatic mission*; labour attach*; nationals abroad; repatriat*
    """,
    15: """
        basic services; health care; healthcare; health service*; education; school*; vaccin*; housing; social
        service*; medical; access to services
    """,
    16: """
        integration; social cohesion; inclusion; language course*; inclusive societ*; host communit*;
        intercultural; participation of migrants; naturalization; community cent*
    """,
    17: """
        discriminat*; xenophob*; racis*; hate speech; hate crime*; intolerance; public discourse; perception*;
        media; journalist*; stereotyp*
    """,
    18: """
        skill*; qualification*; mutual recognition; vocational training; competenc*; certification; recognition
        of prior learning; diploma*; skills partnership*
    """,
    19: """
        diaspora*; nationals residing abroad; emigrants; diaspora bond*; hometown association*; voting abroad;
        expatriate*; dual citizenship
    """,
    20: """
        remittance*; money transfer*; transfer cost*; financial inclusion; financial literacy; bank account*;
        mobile money
    """,
    21: """
        return; returnee*; reintegrat*; readmission; voluntary return; deport*; expulsion; returned migrants
    """,
    22: """
        social security; portability; pension*; social protection; earned benefits; social insurance; social
        security agreement*
    """,
    23: """
        international cooperation; global partnership*; regional consultative process*; bilateral cooperation;
        regional cooperation; multilateral; partnership*; united nations network on migration; migration review
        forum; whole-of-government; capacity-building mechanism; voluntary national review
    """,
}


def keyword_scores(texts: Sequence[str]) -> "NDArray[np.float32]":
    """Shape (n, 23), float32: how many different alternatives of each objective's query occur in the text.

    >>> keyword_scores(["Fees on remittances fell."])[0].nonzero()[0] + 1
    array([20])
    """
    patterns = [[_pattern(entry) for entry in QUERIES[number].split(";")] for number in NUMBERS]
    lowered = [text.casefold() for text in texts]
    found = [[sum(bool(p.search(text)) for p in query) for query in patterns] for text in lowered]
    return np.array(found, dtype=np.float32).reshape(len(texts), len(NUMBERS))


def _pattern(entry: str) -> re.Pattern[str]:
    words = re.escape(" ".join(entry.split())).replace(r"\*", r"\w*").replace(r"\ ", r"\s+")
    return re.compile(rf"\b{words}\b")
