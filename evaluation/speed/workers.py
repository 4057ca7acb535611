"""What is measured in a process of its own, so that environment variables take hold and nothing is loaded before.

    python evaluation/speed/workers.py NAME JSON

Called by ``measuring.worker``. Each function takes what was asked as keywords and gives what can be written as JSON,
which is the last line that is printed.
"""

import json
import sys
import time
import warnings
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Final

sys.path.insert(0, str(Path(__file__).parents[1]))

import numpy as np
import psutil

from gcmtag.objectives import NUMBERS
from speed.measuring import interleaved
from speed.shares import Shares
from speed.texts import authored

MOST_TEXTS: Final = 30_000
SHORT_LEARNING: Final = 300  # passages; how fast a linear head answers does not hang on what it learned from
GCMTAG, PEER, SETFIT = "gcmtag", "sentence-transformers + scikit-learn", "SetFit"


def _bfloat16() -> bool:
    import torch  # noqa: PLC0415

    return bool(torch.ops.mkldnn._is_mkldnn_bf16_supported())


def _labels(passages: Sequence[Any]) -> np.ndarray:
    return np.array([[number in p.objectives for number in NUMBERS] for p in passages], dtype=int)


def _peers(encoder: str, learned: Sequence[Any]) -> dict[str, Callable[[list[str]], object]]:
    """The encoder by sentence-transformers with its defaults and scikit-learn heads, and SetFit's predict on the same.

    The encoder is as it comes: fine-tuning would change no time.
    """
    from sentence_transformers import SentenceTransformer  # noqa: PLC0415
    from sklearn.linear_model import LogisticRegression  # noqa: PLC0415
    from sklearn.multiclass import OneVsRestClassifier  # noqa: PLC0415

    from gcmtag.encoding.weights import encoder_folder  # noqa: PLC0415

    folder = str(encoder_folder(encoder))
    plain = SentenceTransformer(folder, device="cpu")
    vectors, labels = plain.encode([p.text for p in learned]), _labels(learned)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # few passages: some objectives may have none
        heads = OneVsRestClassifier(LogisticRegression(max_iter=1000)).fit(vectors, labels)
    peers: dict[str, Callable[[list[str]], object]] = {PEER: lambda texts: heads.predict_proba(plain.encode(texts))}
    try:
        from setfit import SetFitModel  # noqa: PLC0415
    except ImportError:
        return peers
    setfit = SetFitModel.from_pretrained(folder, multi_target_strategy="one-vs-rest")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        setfit.model_head.fit(vectors, labels)
    return {**peers, SETFIT: setfit.predict}


def standard(model: str, passages: int, repetitions: int, learning: int) -> dict[str, Any]:
    """Seconds from texts in memory to tags, by system; models are loaded and warm."""
    import gcmtag  # noqa: PLC0415

    drawn = authored()
    texts = [p.text for p in drawn[:passages]]
    learned = [p for p in drawn[passages:] if p.text not in set(texts)][:learning]
    tagger = gcmtag.load(model)
    systems = {GCMTAG: tagger.tag, **_peers(tagger.classifier.encoder.name, learned)}
    for answer in systems.values():
        answer([p.text for p in learned[:16]])  # warm
    runs = {name: partial(answer, texts) for name, answer in systems.items()}
    return {
        "model": tagger.model,
        "encoder": tagger.classifier.encoder.name,
        "texts": len(texts),
        "characters": sum(map(len, texts)) / len(texts),
        "bfloat16_supported": _bfloat16(),
        "seconds": interleaved(runs, repetitions),
    }


def scores(gold: Sequence[str], models: Sequence[str], output: str) -> dict[str, Any]:
    """Writes the scores of the gold passages by each model, shape (n, 23); gives the models' thresholds."""
    from gcmtag.classifying import load_classifier  # noqa: PLC0415
    from gcmtag.tagger import find_model  # noqa: PLC0415
    from gcmtag.training import read_corpus  # noqa: PLC0415
    from gcmtag.training.corpus import inputs_of  # noqa: PLC0415

    inputs = inputs_of(read_corpus(map(Path, gold)))
    thresholds = {}
    for name in models:
        classifier, _ = load_classifier(find_model(name))
        np.save(Path(output) / f"{Path(name).name}.npy", classifier.score(inputs).objectives)
        thresholds[name] = classifier.threshold
    return {"thresholds": thresholds, "bfloat16_supported": _bfloat16()}


def encoder_alone(model: str, folder: str) -> dict[str, Any]:
    """Seconds that the encoder takes for the passages of all documents of a folder at once, loaded and warm."""
    import gcmtag  # noqa: PLC0415
    from gcmtag.classifying import Inputs  # noqa: PLC0415
    from gcmtag.classifying.features import joined_texts  # noqa: PLC0415

    encoder = gcmtag.load(model).classifier.encoder
    encoder.encode(["A text to load the weights.", "Another."])
    ready = time.time() - psutil.Process().create_time()
    documents = [gcmtag.read(path) for path in sorted(Path(folder).iterdir())]
    texts = [text for document in documents for text in joined_texts(Inputs.of_passages(document.passages))]
    began = time.perf_counter()
    encoder.encode(texts)
    return {"seconds": time.perf_counter() - began, "passages": len(texts), "ready": ready}


def peers(texts: int, repetitions: int, names: Sequence[str], tiers: dict[str, str]) -> dict[str, Any]:
    """Texts a second of the named peers of ``gcmtag evaluate``, of gcmtag's tiers where they are there, and of SetFit.

    A peer learns and answers in one call. What it takes for one text is taken off, so that learning does not count.
    """
    import gcmtag  # noqa: PLC0415
    from gcmtag.errors import MissingExtra, ModelNotFound  # noqa: PLC0415
    from gcmtag.evaluating import peers as room  # noqa: PLC0415

    drawn = authored()
    learned, left = drawn[:SHORT_LEARNING], drawn[SHORT_LEARNING:]
    rates: dict[str, float] = {}
    skipped: dict[str, str] = {}
    scorers = room.peers_named("all")
    for name in names:
        if name == room.SETFIT or name not in scorers:
            continue
        try:
            rate = _rate(partial(scorers[name], learned), left, texts, repetitions)
        except MissingExtra as error:
            skipped[name] = str(error)
            continue
        if np.isnan(rate):
            skipped[name] = "what it takes to answer is lost in what it takes to learn"
        else:
            rates[name] = rate
    passages = [p.text for p in left[:texts]]
    if room.SETFIT in names and SETFIT in (found := _peers(room.PEERS_ENCODER, learned)):
        rates[room.SETFIT] = texts / _median(partial(found[SETFIT], passages), repetitions)
    for system, model in tiers.items():
        try:
            tagger = gcmtag.load(model)
        except ModelNotFound as error:
            skipped[system] = str(error)
            continue
        tagger.tag(passages[:16])
        rates[system] = texts / _median(partial(tagger.tag, passages), repetitions)
    return {"rates": rates, "skipped": skipped}


def profile(inputs: str, output: str, model: str) -> dict[str, Any]:
    """Where the time of a run of the command goes: seconds by stage, sampled from start to end."""
    began = time.perf_counter()
    with Shares() as shares:
        from gcmtag.cli import cli  # noqa: PLC0415

        status = cli.main(["tag", inputs, "-o", output, "--model", model, "--quiet"], standalone_mode=False)
    return {"status": status, "seconds": time.perf_counter() - began, "stages": shares.seconds, "beside": shares.beside}


def _rate(
    answer: Callable[[Any], object], passages: Sequence[Any], texts: int, repetitions: int, most: int = MOST_TEXTS
) -> float:
    """Texts a second; what an answer takes for a single text is learning and is taken off.

    Where answering takes little beside learning, four times as many texts are asked, up to ``most``.
    """
    enough = list(passages) * (1 + (repetitions + 1) * texts // len(passages))
    answer(enough[:texts])  # warm
    whole, alone = [], []
    for repetition in range(1, repetitions + 1):
        # A peer may remember texts, so each repetition asks about others.
        fresh = enough[repetition * texts : (repetition + 1) * texts]
        alone.append(_seconds(partial(answer, fresh[:1])))
        whole.append(_seconds(partial(answer, fresh)))
    seconds = float(np.median(whole) - np.median(alone))
    if seconds < np.median(alone) and 4 * texts <= most:
        return _rate(answer, passages, 4 * texts, repetitions, most)
    return (texts - 1) / seconds if seconds > 0 else float("nan")


def _seconds(run: Callable[[], object]) -> float:
    began = time.perf_counter()
    run()
    return time.perf_counter() - began


def _median(run: Callable[[], object], repetitions: int) -> float:
    return float(np.median([_seconds(run) for _ in range(repetitions)]))


WORKERS: Final[dict[str, Callable[..., dict[str, Any]]]] = {
    function.__name__: function for function in (standard, scores, encoder_alone, peers, profile)
}

if __name__ == "__main__":
    print(json.dumps(WORKERS[sys.argv[1]](**json.loads(sys.argv[2]))))
