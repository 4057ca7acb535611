"""Fits an adapter of the encoder together with linear heads on its vectors.

A plain multi-label loss (binary cross-entropy over 23 objectives, plus a share for the role) by AdamW with a linear
schedule. Attention is computed without the fused kernel, whose backward pass is several times slower on a CPU. Where
the processor has instructions for bfloat16, the frozen weights are kept and multiplied in it; what is learned stays in
float32. Checkpoints make a run that was cut short go on where it was.
"""

import hashlib
import random
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from gcmtag.classifying.classifier import LinearHead
from gcmtag.encoding import Adapter
from gcmtag.encoding.encoder import Progress, has_bfloat16
from gcmtag.encoding.weights import encoder_folder
from gcmtag.errors import MissingExtra
from gcmtag.objectives import OBJECTIVES, ROLES

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from gcmtag.training.recipe import Recipe

# The linear layers of a transformer by the endings of their names, in BERT's and in MPNet's spelling.
LAYERS: Final = (
    *("query", "key", "value", "attn.q", "attn.k", "attn.v", "attn.o"),
    *("attention.output.dense", "intermediate.dense", "output.dense"),
)
ROLE_SHARE: Final = 0.3
HEAD_RATE: Final = 5e-3
WARM_UP: Final = 0.06
# Heads see unit vectors times this number, so that their weights are of the size that AdamW's steps suit.
STRETCH: Final = 10.0
BUCKET: Final = 20  # batches between which passages of like length are exchanged
CHECKPOINT_EVERY: Final = 50  # batches; a minute or two of work


@dataclass(frozen=True, slots=True)
class Tuned:
    """What fine-tuning gives; the heads apply to unit vectors of the adapted encoder.

    ``earlier_seconds`` were spent before the run was cut short and taken up again.
    """

    adapter: Adapter
    objectives: LinearHead
    roles: LinearHead
    earlier_seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Lesson:
    """Aligned material of one fine-tuning run.

    Attributes:
        texts: passages with their contexts in front.
        bare_texts: the same without contexts; one in ``1 / recipe.context_dropout`` passages is learned so, for
            callers who have no context.
        targets: shape (n, 23), float: the share of readers for whom the objective applies.
        roles: shape (n), index of the role, or -1 where nobody judged it.
    """

    texts: Sequence[str]
    bare_texts: Sequence[str]
    targets: "NDArray[np.float32]"
    roles: "NDArray[np.int_]"

    def digest(self) -> str:
        """A hash of all of it: a checkpoint belongs to one lesson."""
        digest = hashlib.sha256("\0".join([*self.texts, *self.bare_texts]).encode())
        digest.update(self.targets.astype(np.float32).tobytes())
        digest.update(self.roles.astype(np.int64).tobytes())
        return digest.hexdigest()


def finetune(
    lesson: Lesson,
    recipe: "Recipe",
    start: Tuned | None = None,
    checkpoint: Path | None = None,
    progress: Progress | None = None,
) -> Tuned:
    """The adapter, the objectives' head and the roles' head.

    Args:
        lesson: what to learn.
        recipe: the settings.
        start: what to go on from; None for an unchanged encoder and empty heads.
        checkpoint: file in which the state is kept now and then, and from which a run that was cut short goes on.
        progress: called with (batches done, batches in all).

    Raises:
        MissingExtra: the library for adapters is not installed.
    """
    import torch  # noqa: PLC0415
    from torch.nn import functional  # noqa: PLC0415

    torch.manual_seed(recipe.seed)
    draw = random.Random(recipe.seed)  # noqa: S311 (no secret depends on it)
    tokenizer, encoder = _adaptable_encoder(recipe)
    objective_head = torch.nn.Linear(encoder.config.hidden_size, len(OBJECTIVES))
    role_head = torch.nn.Linear(encoder.config.hidden_size, len(ROLES))
    torch.nn.init.zeros_(objective_head.weight)
    torch.nn.init.constant_(objective_head.bias, -2.5)  # about the log odds of an objective in a passage
    if start is not None:
        _resume_from(start, encoder, objective_head, role_head)
    adapted = [parameter for parameter in encoder.parameters() if parameter.requires_grad]
    heads = [*objective_head.parameters(), *role_head.parameters()]
    optimizer = torch.optim.AdamW(
        [{"params": adapted, "lr": recipe.learning_rate}, {"params": heads, "lr": HEAD_RATE}], weight_decay=0.01
    )
    steps = recipe.epochs * -(-len(lesson.texts) // recipe.batch_size)
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda step: min(1.0, (step + 1) / (WARM_UP * steps + 1)) * max(0.02, 1 - step / steps)
    )
    targets, role_targets = torch.from_numpy(lesson.targets.astype(np.float32)), torch.from_numpy(lesson.roles)
    state = _Checkpoint(checkpoint, _run_name(lesson, recipe), [*adapted, *heads], optimizer, schedule)
    already, earlier = state.load()
    started = time.monotonic()
    encoder.train()
    done = 0
    for _ in range(recipe.epochs):
        for rows in _batches([len(text) for text in lesson.texts], recipe.batch_size, draw):
            batch = [lesson.bare_texts[i] if draw.random() < recipe.context_dropout else lesson.texts[i] for i in rows]
            done += 1
            if done <= already:
                continue  # only the draws are repeated
            with torch.autocast("cpu", torch.bfloat16, enabled=has_bfloat16()):
                vectors = _unit_vectors(encoder, tokenizer, batch, recipe.max_tokens)
            vectors = STRETCH * vectors
            loss = functional.binary_cross_entropy_with_logits(objective_head(vectors), targets[rows], reduction="sum")
            loss = loss / len(rows) + ROLE_SHARE * _role_loss(role_head(vectors), role_targets[rows])
            loss.backward()
            torch.nn.utils.clip_grad_norm_(adapted, 1.0)
            optimizer.step()
            optimizer.zero_grad()
            schedule.step()
            if done % CHECKPOINT_EVERY == 0 or done == steps:
                state.save(done, earlier + time.monotonic() - started)
            if progress is not None:
                progress(done, steps)
    return Tuned(_adapter_of(encoder), _head_of(objective_head), _head_of(role_head), earlier)


def _run_name(lesson: Lesson, recipe: "Recipe") -> str:
    """What a checkpoint must agree with: the lesson, and the settings that steer fine-tuning."""
    steering = ("encoder", "seed", "max_tokens", "epochs", "learning_rate", "rank", "batch_size", "context_dropout")
    return " ".join([lesson.digest(), *(f"{name}={getattr(recipe, name)}" for name in steering)])


@dataclass(frozen=True, slots=True)
class _Checkpoint:
    """The state of a run on disk; a file of another run is left unread and written over."""

    path: Path | None
    run: str
    parameters: list[Any]
    optimizer: Any
    schedule: Any

    def load(self) -> tuple[int, float]:
        """Batches done and seconds spent when the state was kept; 0 and 0 where there is none for this run."""
        import torch  # noqa: PLC0415

        if self.path is None or not self.path.is_file():
            return 0, 0.0
        kept = torch.load(self.path, weights_only=True)
        if kept["run"] != self.run:
            return 0, 0.0
        with torch.no_grad():
            for parameter, value in zip(self.parameters, kept["parameters"], strict=True):
                parameter.copy_(value)
        self.optimizer.load_state_dict(kept["optimizer"])
        self.schedule.load_state_dict(kept["schedule"])
        return int(kept["done"]), float(kept["seconds"])

    def save(self, done: int, seconds: float) -> None:
        import torch  # noqa: PLC0415

        if self.path is None:
            return
        self.path.parent.mkdir(parents=True, exist_ok=True)
        unfinished = self.path.with_suffix(".part")
        torch.save(
            {
                "run": self.run,
                "done": done,
                "seconds": seconds,
                "parameters": [parameter.detach() for parameter in self.parameters],
                "optimizer": self.optimizer.state_dict(),
                "schedule": self.schedule.state_dict(),
            },
            unfinished,
        )
        unfinished.replace(self.path)


def _adaptable_encoder(recipe: "Recipe") -> tuple[Any, Any]:
    import torch  # noqa: PLC0415
    from transformers import AutoModel, AutoTokenizer  # noqa: PLC0415
    from transformers.utils import logging  # noqa: PLC0415

    try:
        from peft import LoraConfig, get_peft_model  # noqa: PLC0415
    except ImportError as error:
        raise MissingExtra("fine-tuning needs the extra 'train': pip install 'gcmtag[train]'") from error
    logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    folder = encoder_folder(recipe.encoder)
    encoder = AutoModel.from_pretrained(
        folder,
        hidden_dropout_prob=0.0,
        attention_probs_dropout_prob=0.0,
        attn_implementation="eager",
        dtype=torch.bfloat16 if has_bfloat16() else torch.float32,
    )
    # The low rank is what keeps the adapter from learning the passages by heart; dropout only costs time here.
    settings = LoraConfig(r=recipe.rank, lora_alpha=2 * recipe.rank, lora_dropout=0.0, target_modules=list(LAYERS))
    return AutoTokenizer.from_pretrained(folder), get_peft_model(encoder, settings)


def _resume_from(start: Tuned, encoder: Any, objective_head: Any, role_head: Any) -> None:  # noqa: ANN401
    import torch  # noqa: PLC0415

    halves = {"lora_A": start.adapter.down, "lora_B": start.adapter.up}
    with torch.no_grad():
        for half, layer, parameter in _adapted_parameters(encoder):
            parameter.copy_(torch.from_numpy(halves[half][layer]))
        for head, known in ((objective_head, start.objectives), (role_head, start.roles)):
            head.weight.copy_(torch.from_numpy(known.weights.T / STRETCH))
            head.bias.copy_(torch.from_numpy(known.bias))


def _adapted_parameters(encoder: Any) -> Iterator[tuple[str, str, Any]]:  # noqa: ANN401
    """(half of the adapter, name of the layer, parameter)."""
    for name, parameter in encoder.named_parameters():
        for half in ("lora_A", "lora_B"):
            layer, mark, _ = name.removeprefix("base_model.model.").partition(f".{half}.")
            if mark:
                yield half, layer, parameter


def _unit_vectors(encoder: Any, tokenizer: Any, texts: list[str], max_tokens: int) -> Any:  # noqa: ANN401
    """Mean of the token vectors at length 1, as sentence-transformers computes it for these encoders."""
    from torch.nn import functional  # noqa: PLC0415

    tokens = tokenizer(texts, padding=True, truncation=True, max_length=max_tokens, return_tensors="pt")
    states = encoder(input_ids=tokens["input_ids"], attention_mask=tokens["attention_mask"]).last_hidden_state.float()
    mask = tokens["attention_mask"][..., None].float()
    return functional.normalize((states * mask).sum(1) / mask.sum(1), dim=1)


def _role_loss(logits: Any, targets: Any) -> Any:  # noqa: ANN401
    from torch.nn import functional  # noqa: PLC0415

    judged = targets >= 0
    return functional.cross_entropy(logits[judged], targets[judged]) if judged.any() else 0.0 * logits.sum()


def _batches(lengths: Sequence[int], size: int, draw: random.Random) -> Iterator[list[int]]:
    """Batches of passages of like length, in random order, every passage once."""
    order = list(range(len(lengths)))
    draw.shuffle(order)
    batches: list[list[int]] = []
    for start in range(0, len(order), size * BUCKET):
        bucket = sorted(order[start : start + size * BUCKET], key=lambda i: lengths[i])
        batches += [bucket[i : i + size] for i in range(0, len(bucket), size)]
    draw.shuffle(batches)
    yield from batches


def _adapter_of(encoder: Any) -> Adapter:  # noqa: ANN401
    matrices: dict[str, dict[str, Any]] = {"lora_A": {}, "lora_B": {}}
    for half, layer, parameter in _adapted_parameters(encoder):
        matrices[half][layer] = parameter.detach().numpy().copy()
    return Adapter(matrices["lora_A"], matrices["lora_B"], scale=2.0).rounded()


def _head_of(head: Any) -> LinearHead:  # noqa: ANN401
    return LinearHead(
        np.ascontiguousarray(STRETCH * head.weight.detach().numpy().T).astype(np.float32),
        head.bias.detach().numpy().astype(np.float32),
    )
