"""What other ways of fine-tuning would bring, tried on a small encoder that bears many trials.

    python evaluation/trials.py --checkpoints DIR [--e5 FOLDER] [--epochs 1] [--only TEXT]

Every trial learns from the passages that the shipped model's twin learned from, is calibrated and gets its threshold on
the same deciding documents, and is scored on the two real documents, as in evaluation/ablations.py: alone, and beside
the member that reads words. ``--e5`` is a folder with multilingual-e5-small as transformers writes it. Fine-tuning
takes minutes each; what a folder of checkpoints holds is not done again. Writes trials.{json,md} in evaluation/results;
with ``--only`` the trials whose name has that text are done, and the others stay as they are on file.
"""

import argparse
import random
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import numpy as np
from scipy.special import logit

from ablations import ROOT, SMALL, STRENGTH, Material, Row, Variant, both, material_of, measured_rows, once, words
from gcmtag.classifying.classifier import LinearHead
from gcmtag.classifying.features import joined_texts
from gcmtag.encoding import load_encoder
from gcmtag.evaluating.peers import setfit_peer
from gcmtag.training import LabelledPassage, read_recipe
from gcmtag.training.corpus import inputs_of, label_matrix, reader_shares
from gcmtag.training.finetuning import Lesson, finetune
from gcmtag.training.recipe import Recipe
from gcmtag.training.trainer import fit_objectives

ROLES_UNJUDGED: Final = -1  # objectives alone are compared here
E5_PREFIX: Final = "query: "  # what this encoder learned to expect of texts that are to be classified
NAME: Final = re.compile(r"\b[A-Z][a-z]{3,}\b")
OFTEN: Final = 4  # times that a document must have a word which no other has before it counts as a name
SEED: Final = 20181210
CONTRASTIVE_STEPS: Final = 200  # half an hour on a core, for texts with contexts are long


def lesson_of(passages: Sequence[LabelledPassage], prefix: str = "", *, context: bool, smoothed: bool) -> Lesson:
    """What fine-tuning reads: with or without contexts, the readers' shares or the settled labels."""
    inputs = inputs_of(passages)
    bare = [prefix + text for text in inputs.texts]
    return Lesson(
        texts=[prefix + text for text in joined_texts(inputs)] if context else bare,
        bare_texts=bare,
        targets=reader_shares(passages) if smoothed else label_matrix(passages).astype(np.float32),
        roles=np.full(len(passages), ROLES_UNJUDGED),
    )


def with_names_swapped(passages: Sequence[LabelledPassage]) -> list[LabelledPassage]:
    """Half of the passages with the names of their document changed for those of another, drawn for each passage.

    A name is a capitalised word that one document has often and no other has at all: countries, towns, ministries'
    short names.
    """
    found: dict[str, Counter[str]] = defaultdict(Counter)
    for passage in passages:
        found[passage.document].update(NAME.findall(passage.text))
    owners = Counter(name for counts in found.values() for name in counts)
    names = {
        document: [name for name, times in counts.most_common() if times >= OFTEN and owners[name] == 1]
        for document, counts in found.items()
    }
    others = [document for document, own in names.items() if own]
    draw = random.Random(SEED)  # noqa: S311 (no secret depends on it)
    swapped = []
    for passage in passages:
        own = names[passage.document]
        if not own or draw.random() < 0.5:
            swapped.append(passage)
            continue
        pairs = dict(zip(own, names[draw.choice(others)], strict=False))
        change = lambda text, pairs=pairs: NAME.sub(lambda hit: pairs.get(hit[0], hit[0]), text)  # noqa: E731
        swapped.append(replace(passage, text=change(passage.text), context=change(passage.context)))
    return swapped


def rare_twice(passages: Sequence[LabelledPassage]) -> list[LabelledPassage]:
    """The passages, and those again that have one of the half of objectives with the fewest."""
    counts = label_matrix(passages).sum(axis=0)
    rare = {int(i) + 1 for i in np.argsort(counts)[: len(counts) // 2]}
    return [*passages, *(p for p in passages if rare & set(p.objectives))]


def tuned(
    recipe: Recipe,
    checkpoint: Path,
    chosen: Callable[[Sequence[LabelledPassage]], Sequence[LabelledPassage]] = list,
    prefix: str = "",
    *,
    context: bool = True,
    smoothed: bool = True,
) -> Variant:
    """An encoder fine-tuned on the chosen passages, read by its own head."""

    def report(done: int, of: int) -> None:
        if done % 100 == 0:
            print(f"  {checkpoint.stem}: {done} of {of}", flush=True)

    def run(material: Material) -> tuple[Any, Any]:
        lesson = lesson_of(chosen(material.seen), prefix, context=context, smoothed=smoothed)
        found = finetune(lesson, recipe, None, checkpoint, report)
        encoder = load_encoder(recipe.encoder, recipe.max_tokens, found.adapter)
        return _by_head(found.objectives, encoder.encode, material, prefix, context=context)

    return once(run)


def frozen(encoder_name: str, prefix: str) -> Variant:
    """An encoder as it comes, texts with contexts, and a logistic regression per objective."""

    def run(material: Material) -> tuple[Any, Any]:
        encoder = load_encoder(encoder_name)
        vectors = encoder.encode([prefix + text for text in joined_texts(inputs_of(material.seen))])
        head = fit_objectives(vectors, label_matrix(material.seen), STRENGTH)
        return _by_head(head, encoder.encode, material, prefix, context=True)

    return once(run)


def contrastive() -> Variant:
    """SetFit's two steps on texts with their contexts: pairs drawn together or apart, then logistic regressions."""

    def with_context(passages: Sequence[LabelledPassage]) -> list[LabelledPassage]:
        return [replace(p, text=t) for p, t in zip(passages, joined_texts(inputs_of(passages)), strict=True)]

    def run(material: Material) -> tuple[Any, Any]:
        seen, deciding, asked = map(with_context, (material.seen, material.deciding, material.asked))
        answer = setfit_peer(seen, load_encoder(SMALL), CONTRASTIVE_STEPS)
        scores = (np.clip(answer(part), 1e-6, 1 - 1e-6) for part in (deciding, asked))
        return tuple(logit(own)[np.newaxis] for own in scores)

    return once(run)


def _by_head(
    head: LinearHead, encode: Callable[[Sequence[str]], Any], material: Material, prefix: str, *, context: bool
) -> tuple[Any, Any]:
    parts = [inputs_of(part) for part in (material.deciding, material.asked)]
    texts = [joined_texts(part) if context else part.texts for part in parts]
    deciding, asked = (head.logits(encode([prefix + text for text in own]))[np.newaxis] for own in texts)
    return deciding, asked


def trials(recipe: Recipe, checkpoints: Path, e5: Path | None) -> list[Row]:
    """The table's rows: what each trial gives alone, and beside the member that reads words."""
    small = replace(recipe, encoder=SMALL)
    plain = tuned(small, checkpoints / "plain.pt")
    single: list[tuple[str, Variant]] = [
        ("MiniLM, fine-tuned as shipped: context, both readers' labels", plain),
        ("the same, settled labels only", tuned(small, checkpoints / "settled.pt", smoothed=False)),
        ("the same, without context", tuned(small, checkpoints / "bare.pt", context=False)),
        ("the same, names swapped in half of the passages", tuned(small, checkpoints / "names.pt", with_names_swapped)),
        ("the same, passages of rare objectives twice", tuned(small, checkpoints / "rare.pt", rare_twice)),
    ]
    if e5 is not None:
        large = replace(recipe, encoder=str(e5))
        single += [
            ("multilingual-e5-small as it comes", frozen(str(e5), E5_PREFIX)),
            ("multilingual-e5-small, fine-tuned as shipped", tuned(large, checkpoints / "e5.pt", prefix=E5_PREFIX)),
        ]
    pairs = f"{16 * CONTRASTIVE_STEPS:,} pairs"
    single.append((f"MiniLM, contrastive (SetFit, {pairs}), then logistic regressions", contrastive()))
    full_words = once(words(context=True, declared=True))
    rows: list[Row] = [("words, context, declared (beside which each stands)", full_words, True)]
    for name, variant in single:
        beside = both(full_words, variant)
        rows += [(name, variant, True), (f"{name}, + words, context, declared", beside, True)]
    return rows


def main() -> None:
    """Runs the trials and writes the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--checkpoints", type=Path, required=True)
    parser.add_argument("--e5", type=Path)
    parser.add_argument("--epochs", type=int, default=1)
    parser.add_argument("--only", default="", metavar="TEXT")
    options = parser.parse_args()
    recipe = replace(read_recipe(ROOT / "models" / "standard.toml"), epochs=options.epochs)
    material = material_of(recipe)
    every = trials(recipe, options.checkpoints, options.e5)
    title = f"Other ways of fine-tuning, passes over the passages: {options.epochs}"
    measured_rows("trials", every, material, title, options.only)


if __name__ == "__main__":
    main()
