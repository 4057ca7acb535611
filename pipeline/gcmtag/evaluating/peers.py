"""Peers on the same training passages: what a model must beat to be worth its weight.

None sees a context or what a document declares: they are what somebody would build with the tool in question as its
documentation shows. Each peer's threshold is the one with the best micro-F1 on the documents on which the model itself
was decided.
"""

import random
from collections.abc import Callable, Collection, Sequence
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from scipy.special import expit

from gcmtag.classifying.classifier import LinearHead
from gcmtag.classifying.words import Words
from gcmtag.encoding import Encoder, load_encoder
from gcmtag.encoding.weights import encoder_folder
from gcmtag.errors import MissingExtra
from gcmtag.evaluating.keywords import keyword_scores
from gcmtag.evaluating.metrics import f1
from gcmtag.objectives import NUMBERS, OBJECTIVES
from gcmtag.training.corpus import LabelledPassage, label_matrix
from gcmtag.training.trainer import fit_objectives

if TYPE_CHECKING:
    from numpy.typing import NDArray

Answer = Callable[[Sequence[LabelledPassage]], "NDArray[np.float32]"]  # scores of passages, shape (n, 23)
Peer = Callable[[Sequence[LabelledPassage]], Answer]  # learns from passages

KEYWORDS: Final = "keyword queries"
TITLE_COSINE: Final = "cosine to the titles"
LEXICAL: Final = "TF-IDF + logistic regression"
DENSE: Final = "encoder + logistic regression"
FASTTEXT: Final = "fastText"
SPACY_BAG: Final = "spaCy bag of words"
SPACY_ENSEMBLE: Final = "spaCy ensemble"
SETFIT: Final = "SetFit"
UNCALIBRATED: Final = (KEYWORDS, TITLE_COSINE)  # counts and cosines are no probabilities
PEERS_ENCODER: Final = "all-MiniLM-L6-v2"
STRENGTH: Final = 10.0
SEED: Final = 20181210
SETFIT_STEPS: Final = 400  # 6,400 pairs: on a CPU half an hour or more
SPACY_EPOCHS: Final = 10
FASTTEXT_EPOCHS: Final = 40
NUMBER_NAMES: Final = tuple(str(number) for number in NUMBERS)


def peers_named(choice: str) -> dict[str, Peer]:
    """The peers of a choice: "none", "simple" (seconds each) or "all"."""
    if choice == "none":
        return {}
    encoder = load_encoder(PEERS_ENCODER)
    return simple_peers(encoder) | (thorough_peers(encoder) if choice == "all" else {})


def simple_peers(encoder: Encoder) -> dict[str, Peer]:
    """Peers that take seconds, by name."""
    known: dict[str, NDArray[np.float32]] = {}

    def vectors(passages: Sequence[LabelledPassage]) -> "NDArray[np.float32]":
        # Two peers ask for the same passages.
        new = list(dict.fromkeys(p.text for p in passages if p.text not in known))
        known.update(zip(new, encoder.encode(new), strict=True) if new else ())
        return np.stack([known[p.text] for p in passages])

    def keywords(seen: Sequence[LabelledPassage]) -> Answer:
        return lambda asked: keyword_scores([p.text for p in asked])

    def title_cosine(seen: Sequence[LabelledPassage]) -> Answer:
        titles = encoder.encode([objective.title for objective in OBJECTIVES])
        return lambda asked: vectors(asked) @ titles.T

    def lexical(seen: Sequence[LabelledPassage]) -> Answer:
        words = Words.learn([p.text for p in seen], longest=2, most=100_000)
        head = fit_objectives(words.rows([p.text for p in seen]).as_scipy(), label_matrix(seen), STRENGTH)
        return lambda asked: _chances(head, words.rows([p.text for p in asked]))

    def dense(seen: Sequence[LabelledPassage]) -> Answer:
        head = fit_objectives(vectors(seen), label_matrix(seen), STRENGTH)
        return lambda asked: _chances(head, vectors(asked))

    return {KEYWORDS: keywords, TITLE_COSINE: title_cosine, LEXICAL: lexical, DENSE: dense}


def thorough_peers(encoder: Encoder) -> dict[str, Peer]:
    """Peers of other libraries (extra ``peers``), which take minutes each on a CPU."""
    return {
        FASTTEXT: _fasttext,
        SPACY_BAG: lambda seen: _spacy(seen, SPACY_BAG_MODEL),
        SPACY_ENSEMBLE: lambda seen: _spacy(seen, SPACY_ENSEMBLE_MODEL),
        SETFIT: lambda seen: setfit_peer(seen, encoder),
    }


def answers(
    peer: Peer,
    learned: Sequence[LabelledPassage],
    deciding: Sequence[LabelledPassage],
    asked: Sequence[LabelledPassage],
) -> tuple["NDArray[np.float32]", float]:
    """Scores of the asked passages, shape (n, 23), and the threshold to read them by.

    Args:
        peer: what learns and answers.
        learned: what it may learn from.
        deciding: passages on which the threshold is chosen, by a fit that did not learn from their documents.
        asked: what it shall score.
    """
    decided_on = {p.document for p in deciding}
    apart = [p for p in learned if p.document not in decided_on]
    answer = peer(apart)
    threshold = choose_threshold(answer(deciding), label_matrix(deciding))
    if len(apart) < len(learned):
        answer = peer(learned)
    return answer(asked), threshold


def choose_threshold(scores: "NDArray[np.floating]", gold: "NDArray[np.bool_]") -> float:
    """The score at and above which answers have the best micro-F1; both shapes (n, 23)."""
    candidates = np.unique(np.quantile(scores, np.linspace(0.5, 1.0, 400)))

    def score_of(threshold: float) -> float:
        chosen = scores >= threshold
        return f1((chosen & gold).sum(), chosen.sum(), gold.sum())

    return float(max(candidates, key=score_of))


def _chances(head: LinearHead, features: Any) -> "NDArray[np.float32]":  # noqa: ANN401
    return expit(head.logits(features))  # type: ignore[no-any-return]


def _fasttext(seen: Sequence[LabelledPassage]) -> Answer:
    """One-vs-all on word bigrams, as fastText has it for several labels (Joulin et al. 2017), by its fork floret."""
    import tempfile  # noqa: PLC0415
    from pathlib import Path  # noqa: PLC0415

    try:
        import floret  # noqa: PLC0415
    except ImportError as error:
        raise MissingExtra("the peers of other libraries need: pip install 'gcmtag[peers]'") from error
    with tempfile.TemporaryDirectory() as folder:
        lines = Path(folder) / "train.txt"
        lines.write_text("\n".join(f"{_fasttext_labels(p)} {_plain(p.text)}" for p in seen), encoding="utf-8")
        model = floret.train_supervised(
            str(lines),
            loss="ova",
            epoch=FASTTEXT_EPOCHS,
            lr=0.5,
            wordNgrams=2,
            dim=100,
            minCount=2,
            thread=1,
            verbose=0,
        )

    def answer(asked: Sequence[LabelledPassage]) -> "NDArray[np.float32]":
        rows = np.zeros((len(asked), len(NUMBERS)), dtype=np.float32)
        for row, passage in zip(rows, asked, strict=True):
            # Its own wrapper does not work with NumPy 2; -1 asks for all labels, 0 for any chance.
            for chance, label in model.f.predict(f"{_plain(passage.text)}\n", -1, 0.0, "strict"):
                name = label.removeprefix("__label__")
                if name in NUMBER_NAMES:
                    row[int(name) - 1] = min(chance, 1.0)
        return rows

    return answer


def _fasttext_labels(passage: LabelledPassage) -> str:
    return " ".join(f"__label__{number}" for number in passage.objectives) or "__label__none"


def _plain(text: str) -> str:
    return " ".join("".join(c if c.isalnum() else " " for c in text.casefold()).split())


SPACY_BAG_MODEL: Final = {
    "@architectures": "spacy.TextCatBOW.v3",
    "exclusive_classes": False,
    "length": 32768,  # of the table of hashed terms; the quickstart's 262144 learns the same, eight times as slowly
    "ngram_size": 1,
    "no_output_layer": False,
}
SPACY_ENSEMBLE_MODEL: Final = {
    "@architectures": "spacy.TextCatEnsemble.v2",
    "linear_model": SPACY_BAG_MODEL,
    "tok2vec": {
        "@architectures": "spacy.Tok2Vec.v2",
        "embed": {
            "@architectures": "spacy.MultiHashEmbed.v2",
            "width": 64,
            "rows": [2000, 2000, 500, 1000, 500],
            "attrs": ["NORM", "LOWER", "PREFIX", "SUFFIX", "SHAPE"],
            "include_static_vectors": False,
        },
        "encode": {
            "@architectures": "spacy.MaxoutWindowEncoder.v2",
            "width": 64,
            "window_size": 1,
            "maxout_pieces": 3,
            "depth": 2,
        },
    },
}


def _spacy(seen: Sequence[LabelledPassage], architecture: dict[str, Any]) -> Answer:
    """``textcat_multilabel`` with the settings that spaCy's own quickstart writes."""
    import spacy  # noqa: PLC0415
    from spacy.training import Example  # noqa: PLC0415
    from spacy.util import minibatch  # noqa: PLC0415
    from thinc.api import compounding, fix_random_seed  # noqa: PLC0415

    fix_random_seed(SEED)
    nlp = spacy.blank("en")
    nlp.add_pipe("textcat_multilabel", config={"model": architecture})
    examples = [
        Example.from_dict(
            nlp.make_doc(p.text), {"cats": {name: float(int(name) in p.objectives) for name in NUMBER_NAMES}}
        )
        for p in seen
    ]
    optimizer = nlp.initialize(lambda: examples)
    draw = random.Random(SEED)  # noqa: S311 (no secret depends on it)
    for _ in range(SPACY_EPOCHS):
        draw.shuffle(examples)
        for batch in minibatch(examples, size=compounding(8.0, 64.0, 1.001)):  # type: ignore[no-untyped-call]
            nlp.update(batch, sgd=optimizer, drop=0.2)
    return lambda asked: np.array(
        [[doc.cats[name] for name in NUMBER_NAMES] for doc in nlp.pipe(p.text for p in asked)], dtype=np.float32
    ).reshape(len(asked), len(NUMBERS))


def setfit_peer(seen: Sequence[LabelledPassage], encoder: Encoder, steps: int = SETFIT_STEPS) -> Answer:
    """Contrastive fine-tuning of the encoder, 16 pairs a step, then logistic regressions (Tunstall et al. 2022)."""
    try:
        from datasets import Dataset  # noqa: PLC0415
        from setfit import SetFitModel, Trainer, TrainingArguments  # noqa: PLC0415
    except ImportError as error:
        raise MissingExtra("the peers of other libraries need: pip install 'gcmtag[peers]'") from error
    model = SetFitModel.from_pretrained(str(encoder_folder(encoder.name)), multi_target_strategy="one-vs-rest")
    labels = label_matrix(seen).astype(int)
    arguments = TrainingArguments(
        batch_size=16, max_steps=steps, num_epochs=1, seed=SEED, sampling_strategy="undersampling",
        save_strategy="no", report_to="none", show_progress_bar=False,
    )  # fmt: skip
    rows = Dataset.from_dict({"text": [p.text for p in seen], "label": labels.tolist()})
    # The fused kernel of attention has a slow backward pass on a CPU. (In bfloat16 the pairs are not learned.)
    model.model_body[0].auto_model.set_attn_implementation("eager")
    Trainer(model=model, args=arguments, train_dataset=rows).train()
    return lambda asked: np.asarray(model.predict_proba([p.text for p in asked], as_numpy=True), dtype=np.float32)


def documents_of(passages: Sequence[LabelledPassage], names: Collection[str]) -> list[LabelledPassage]:
    """The passages of the named documents, in their order."""
    return [p for p in passages if p.document in names]
