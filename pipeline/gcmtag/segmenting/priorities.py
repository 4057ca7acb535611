"""The objectives that a document itself says it puts first."""

import re
from collections.abc import Iterable, Sequence
from typing import Final

from rapidfuzz import fuzz

from gcmtag.document import Passage
from gcmtag.objectives import CLUSTERS, OBJECTIVES
from gcmtag.segmenting.declared import mentions, numbers_in
from gcmtag.segmenting.spelling import in_digits
from gcmtag.segmenting.titles import objective_named, paraphrased, plain

_PRIORITY_QUESTION: Final = "7"
_CUE: Final = re.compile(
    r"\bpriorit(?:y|ies|i[sz]e[sd]?|i[sz]ing|é|és|aire|aires)\b|"
    r"\bprioridad(?:es)?\b|\bpriori(?:z|s)\w*|"
    r"\bof (?:particular|special|utmost|greatest|highest) (?:importance|relevance|concern|interest)\b|"
    r"\b(?:most|particularly|especially) (?:important|relevant)\b|"
    r"\b(?:puts?|placed|placing|ranked|comes?|came) first\b|"
    r"\bfirst places?\b|\bgives? precedence\b|\bfirst and foremost\b|\bat the (?:very )?top of\b",
    re.I,
)
_OWN: Final = re.compile(
    r"\b(?:we|our|us|government|state of|republic|kingdom|ministry|"
    r"country|nation|national|cabinet|nous|notre|nos|gobierno|gouvernement|nuestr[oa]s?)\b",
    re.I,
)
_OTHERS: Final = re.compile(
    r"\b(?:states|countries|governments|participants|respondents|stakeholders|many|some|several|most) "
    r"(?:\w+ ){0,3}?(?:have |has )?(?:priori|given|give|consider|named|regard|identif)|"
    r"\bmember states\b|\bthe network\b",
    re.I,
)
# Beside the author's own priorities, an answer may tell those of others.
_ABROAD: Final = re.compile(
    r"\bneighbou?ring\b|\bby contrast\b|\bregional (?:conference|meeting|consultation|forum)s?\b|"
    r"\b(?:states|countries|governments) (?:of|in) (?:the|our) (?:sub-?)?region\b|"
    r"\bother (?:states|countries|governments)\b",
    re.I,
)
_CLAUSE: Final = re.compile(
    r"[,;–—]?\s+\b(?:whereas|while|but|though|although|mais|tandis que|mientras que)\b|;\s+", re.I
)
_EXCEPT: Final = re.compile(r"\b(?:except(?: for)?|excluding|other than|apart from|sauf|salvo)\b.*", re.I)
_CLUSTER: Final = re.compile(r"\bobjectives (?:of|in|under) (?:the )?cluster (?:no\. )?(?P<number>[1-4])\b", re.I)
_SEVERAL: Final = r"\(?\d{1,2}\)?(?:(?:\s*(?:,|;|&|-|–|\band\b|\bto\b)\s*)+\(?\d{1,2}\)?)+"
_BARE: Final = re.compile(_SEVERAL)
_AFTER_COLON: Final = re.compile(rf"\bobjectives\b.*:\s*(?P<numbers>{_SEVERAL})\.?\s*$", re.I)
_BRACKETED: Final = re.compile(r"\((?:objective )?(\d{1,2})\)", re.I)
_HEADED: Final = re.compile(
    r"\bpriority (?:\w+ )?objectives?\b|"
    r"\bobjectives? (?:of priority|put first|(?:that )?we put first|prioriti[sz]ed)\b|"
    r"\bobjectifs prioritaires\b|\bobjetivos prioritarios\b",
    re.I,
)
_LABEL: Final = re.compile(r"^\W*(?:(?:our|national) )?priority objectives?\s*(?:no\.?\s*)?[:–—\d-]", re.I)
_ANNOUNCED: Final = re.compile(r"\bfollowing\b|\bas follows\b|\bsuivants?\b|\bsiguientes?\b|:\s*$", re.I)
_FRAME: Final = re.compile(r"\bobjecti|\bobjetiv|\bcompact\b|\bgcm\b|\bpacte\b|\bpacto\b", re.I)
_NOT: Final = re.compile(
    r"\b(?:not|no|less|least|neither|nor|never|without|pas|moins|no es)\b[^.;]{0,40}(?:priorit|importan|relevan)|"
    r"\b(?:low|lower|lesser|lowest)[ -]+(?:priorit|importan)",
    re.I,
)
_SUBJECT: Final = re.compile(r"^(?:The\s+)?([A-Z][\w’'-]+(?:\s[A-Z][\w’'-]+)*)\s")
# The subject of each objective in the fewest words, for answers that name subjects and neither numbers nor titles.
_SUBJECTS: Final = {
    1: r"\b(?:data|statistics|données|datos)\b",
    2: r"\b(?:adverse |structural )?drivers\b|\broot causes\b",
    3: r"\binformation (?:to|for|on|at|of)\b|\baccurate (?:and timely )?information\b|\bpre-departure\b",
    4: r"\blegal identity\b|\bidentity documents?\b|\bproof of identity\b",
    5: r"\bpathways?\b|\bregular(?:ity)? (?:channels?|routes?|ways?)\b|\bregular migration\b",
    6: r"\brecruitment\b|\bdecent work\b",
    7: r"\bvulnerab",
    8: r"\bmissing migrants\b|\bsav(?:e|ing) (?:of )?lives\b|\bsearch and rescue\b",
    9: r"\bsmuggling\b",
    10: r"\btrafficking\b",
    11: r"\bborders? (?:management|control|governance)|\bmanag\w+ (?:of )?(?:the )?borders?\b",
    12: r"\bcertainty\b|\bpredictab|\bscreening\b",
    13: r"\bdetention\b",
    14: r"\bconsular\b",
    15: r"\bbasic services\b|\bhealth (?:care|insurance)\b|\baccess to services\b",
    16: r"\bsocial cohesion\b|\b(?:full inclusion|inclusion of migrants|integration of (?:migrants|foreigners))\b",
    17: r"\bdiscrimination\b|\bxenophobia\b|\bpublic discourse\b",
    18: r"\bskills?\b|\bqualifications\b",
    19: r"\bdiasporas?\b",
    20: r"\bremittances?\b|\bfinancial inclusion\b",
    21: r"\breturn(?:s| and|$)|\breadmission\b|\breintegration\b",
    22: r"\bsocial security\b|\bportability\b",
    23: r"\binternational cooperation\b|\bglobal partnerships?\b",
}
_NUMBERS_ALONE: Final = re.compile(r"[\d\s,;&.–-]+(?:and\s+\d+\W*)?")
_MARKED: Final = re.compile(r"(?:^|\s)(?:\(?[a-zA-Z0-9]{1,2}[.)]|[•–-])\s+")


def declared_priorities(passages: Sequence[Passage], title: str = "") -> tuple[int, ...]:
    """Objectives that the document puts first, ascending: by number, by title, or by a close paraphrase of a title.

    Read from the answer to item 7 of the questionnaire where it names any; elsewhere from sentences that say so of the
    author itself, and from the list that such a sentence introduces. What is said of other frameworks or of other
    States does not count; ``title`` tells whose document it is.
    """
    answer = [passage for passage in passages if passage.question == _PRIORITY_QUESTION]
    found = _answered([passage.text for passage in answer])
    numbered = any(mentions(passage.text) for passage in answer)
    found_in_titles = bool(found)
    # Beside items that name objectives by title there are items that shorten them; prose then only explains.
    for passage in answer if not numbered else ():
        if passage.kind == "list_item" or _is_list(passage.text):
            found |= _by_items(passage.text)
        elif not found_in_titles:
            found |= _by_paraphrase(passage.text) | _by_subject(passage.text)
    if not found:
        others = [passage for passage in passages if passage.question != _PRIORITY_QUESTION]
        found = _elsewhere(others, title)
    return tuple(sorted(found))


def _answered(texts: Sequence[str]) -> set[int]:
    """Objectives that the texts of an answer name, but for what they tell of others where they name their own too."""
    told: list[tuple[bool, set[int]]] = []
    for text in texts:
        if _NUMBERS_ALONE.fullmatch(text):
            told.append((False, set(numbers_in(text))))
        else:
            told += [(bool(_ABROAD.search(part)), _named_in(part)) for part in _statements(text)]
    own = {number for abroad, numbers in told for number in numbers if not abroad}
    return own or {number for _, numbers in told for number in numbers}


def _is_list(text: str) -> bool:
    items = _items(text)
    return len(items) >= 3 and max(len(item.split()) for item in items) <= 20


def _by_items(text: str) -> set[int]:
    """Objectives that the items of a list name in other words than their titles."""
    others = [item for item in _items(text) if not objective_named(item) and not _NOT.search(item)]
    found: set[int] = set()
    for item in others:
        number = paraphrased(item)
        found |= {number} if number else _by_subject(item, listed=True)
    return found


def _by_subject(text: str, *, listed: bool = False) -> set[int]:
    """Objectives that a text names only by their subject, in a list or in the sentence that says what comes first."""
    found: set[int] = set()
    for sentence in _statements(text):
        items = re.split(r",|;|:|\band\b|\bet\b|\by\b", _MARKED.sub(" ; ", sentence))
        short = max(len(item.split()) for item in items) <= 8
        if not _NOT.search(sentence) and (listed or short or _CUE.search(sentence)):
            found |= {number for item in items if len(item.split()) <= 12 for number in subjects(item)}
    return found


def subjects(item: str) -> set[int]:
    """Objectives that a few words name by their subject."""
    return {number for number, pattern in _SUBJECTS.items() if re.search(pattern, item, re.I)}


def _named_in(sentence: str) -> set[int]:
    """Objectives that a sentence names, leaving out those it says are no priority."""
    return {number for clause in _clauses(sentence) for number in _numbered(clause) or _by_title(clause)}


def _clauses(sentence: str) -> list[str]:
    """The clauses of a sentence that do not say of something that it is no priority, with numbers in digits."""
    return [part for part in _CLAUSE.split(in_digits(sentence)) if part.strip() and not _NOT.search(part)]


def _numbered(clause: str) -> set[int]:
    """Objectives that a clause names by number, alone or by their cluster, but for those that it excepts."""
    kept = _EXCEPT.sub("", clause)
    excepted = {number for _, _, several in mentions(clause[len(kept) :]) for number in several}
    found = {number for _, _, several in mentions(kept) for number in several}
    for match in _CLUSTER.finditer(kept):
        found |= set(CLUSTERS[int(match["number"]) - 1].objectives)
    if not found and (bare := _CUE.search(clause) and _BARE.match(clause)):
        found = set(numbers_in(re.sub(r"[()]", " ", bare[0])))
    if not found and (listed := _AFTER_COLON.search(clause)):
        found = set(numbers_in(re.sub(r"[()]", " ", listed["numbers"])))
    if re.search(r"\(objective \d", kept, re.I):
        # "departures (Objective 2) and life at sea (8)"
        found |= set(numbers_in(", ".join(_BRACKETED.findall(kept))))
    return found - excepted


def _statements(text: str) -> list[str]:
    return [part for part in re.split(r"(?<=[.;?!])\s+(?=[A-ZÀ-Þ(])", text) if part.strip()]


def _by_title(text: str) -> set[int]:
    """Objectives named by their official titles, whole items first, then titles within running text."""
    items = _items(text)
    found = {number for item in items if (number := objective_named(item))}
    if found:
        # Beside official titles, shortened ones name objectives too.
        found |= {number for item in items if (number := paraphrased(item))}
    return found | _by_whole_title(text)


def _by_paraphrase(text: str) -> set[int]:
    return {number for item in _items(text) if not _NOT.search(item) and (number := paraphrased(item))}


def _items(text: str) -> list[str]:
    """The items of a list that stands in one text, with letters, numbers or semicolons between them."""
    return [item.strip(" ,;.") for item in re.split(rf"{_MARKED.pattern}|;\s+", text) if item.strip(" ,;.")]


def _elsewhere(passages: Sequence[Passage], title: str) -> set[int]:
    found: set[int] = set()
    for place, passage in enumerate(passages):
        if _is_headed(passage.section):
            found |= _listed([passage])
        for sentence in _statements(passage.text):
            clauses = [part for part in _clauses(sentence) if not _OTHERS.search(part)]
            if not clauses or not _says_priority(sentence, passage.section, title):
                continue
            found |= {number for clause in clauses for number in _numbered(clause) or _by_whole_title(clause)}
            if _ANNOUNCED.search(sentence) and _FRAME.search(sentence):
                found |= _listed([after for after in passages[place + 1 :] if after.section == passage.section])
    return found


def _is_headed(section: str) -> bool:
    """Whether the nearest heading says that what stands below are the objectives which the author puts first."""
    heading = section.rsplit(" / ", 1)[-1]
    return bool(_HEADED.search(heading)) and not (_OTHERS.search(heading) or _ABROAD.search(heading))


def _says_priority(sentence: str, section: str, title: str) -> bool:
    if not _CUE.search(sentence) or _OTHERS.search(sentence) or _ABROAD.search(sentence):
        return False
    subject = _SUBJECT.match(sentence)
    named = subject is not None and plain(_bare_name(subject[1])) in plain(title)
    return named or bool(_LABEL.match(sentence) or _OWN.search(sentence) or _CUE.search(section))


def _bare_name(subject: str) -> str:
    return re.sub(r"[’']s?$", "", subject)


def _by_whole_title(clause: str) -> set[int]:
    """Objectives whose official title stands in a clause."""
    running = plain(clause)
    return {
        objective.number
        for objective in OBJECTIVES
        if len(running) > len(plain(objective.title)) and fuzz.partial_ratio(plain(objective.title), running) >= 92
    }


def _listed(passages: Iterable[Passage]) -> set[int]:
    found: set[int] = set()
    for passage in passages:
        named = objective_named(passage.text)
        numbers = {number for _, _, several in mentions(passage.text[:80]) for number in several}
        titled = _by_title(passage.text) | _by_paraphrase(passage.text) if passage.kind == "list_item" else set()
        if not (numbers or named or titled):
            break
        found |= numbers or ({named} if named else titled)
    return found
