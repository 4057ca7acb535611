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
SHORTEST_RUN: Final = 0.5  # seconds; below, the clock and the machine's other work weigh too much
SHORT_LEARNING: Final = 1_000  # passages
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
    """Texts a second of the named peers of ``gcmtag evaluate`` and of gcmtag's tiers, loaded and warm.

    Peers learn from a few passages first: how fast they answer hardly hangs on how much they learned from.
    """
    import gcmtag  # noqa: PLC0415
    from gcmtag.errors import MissingExtra, ModelNotFound  # noqa: PLC0415
    from gcmtag.evaluating import peers as room  # noqa: PLC0415

    drawn = authored()
    learned, left = drawn[:SHORT_LEARNING], drawn[SHORT_LEARNING:]
    rates: dict[str, float] = {}
    skipped: dict[str, str] = {}
    for name in names:
        # Made anew for each: what one peer remembers would spare the next its work.
        known = room.peers_named("all")
        if name not in known:
            continue
        try:
            answer = _untrained_setfit(learned) if name == room.SETFIT else known[name](learned)
        except MissingExtra as error:
            skipped[name] = str(error)
            continue
        rates[name] = _rate(answer, left, texts, repetitions)
    for system, model in tiers.items():
        try:
            tagger = gcmtag.load(model)
        except ModelNotFound as error:
            skipped[system] = str(error)
            continue
        rates[system] = _rate(_of_texts(tagger.tag), left, texts, repetitions)
    return {"rates": rates, "skipped": skipped}


def _untrained_setfit(learned: Sequence[Any]) -> Callable[[Sequence[Any]], object]:
    """SetFit with heads on the encoder as it comes: it answers as fast as after half an hour of learning."""
    from gcmtag.errors import MissingExtra  # noqa: PLC0415
    from gcmtag.evaluating import peers as room  # noqa: PLC0415

    found = _peers(room.PEERS_ENCODER, learned)
    if SETFIT not in found:
        raise MissingExtra("SetFit needs: pip install 'gcmtag[peers]'")
    return _of_texts(found[SETFIT])


def _of_texts(answer: Callable[[list[str]], object]) -> Callable[[Sequence[Any]], object]:
    return lambda passages: answer([p.text for p in passages])


def profile(inputs: str, output: str, model: str) -> dict[str, Any]:
    """Where the time of a run of the command goes: seconds by stage, sampled from start to end."""
    began = time.perf_counter()
    with Shares() as shares:
        from gcmtag.cli import cli  # noqa: PLC0415

        status = cli.main(["tag", inputs, "-o", output, "--model", model, "--quiet"], standalone_mode=False)
    return {"status": status, "seconds": time.perf_counter() - began, "stages": shares.seconds, "beside": shares.beside}


def _rate(answer: Callable[[Any], object], passages: Sequence[Any], texts: int, repetitions: int) -> float:
    """Texts a second; where a repetition is too short to be timed, four times as many texts are asked."""
    answer(passages[:16])  # warm
    begun, seconds = 16, []
    while len(seconds) < repetitions:
        # A peer may remember texts, so each repetition asks about others.
        enough = [passages[i % len(passages)] for i in range(begun, begun + texts)]
        begun += texts
        seconds.append(_seconds(partial(answer, enough)))
        if seconds[-1] < SHORTEST_RUN and 4 * texts <= MOST_TEXTS:
            texts, seconds = 4 * texts, []
    return texts / float(np.median(seconds))


def _seconds(run: Callable[[], object]) -> float:
    began = time.perf_counter()
    run()
    return time.perf_counter() - began


WORKERS: Final[dict[str, Callable[..., dict[str, Any]]]] = {
    function.__name__: function for function in (standard, scores, encoder_alone, peers, profile)
}

if __name__ == "__main__":
    print(json.dumps(WORKERS[sys.argv[1]](**json.loads(sys.argv[2]))))
