"""Fits an adapter of the encoder together with linear heads on its vectors.

A plain multi-label loss (binary cross-entropy over 23 objectives, plus a share for the role) by AdamW with a linear
schedule. Attention is computed without the fused kernel, whose backward pass is several times slower on a CPU, and
matrix products run in bfloat16 where the processor has instructions for it.
"""

import random
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from gcmtag.classifying.classifier import LinearHead
from gcmtag.encoding import Adapter
from gcmtag.encoding.encoder import Progress
from gcmtag.encoding.weights import encoder_folder
from gcmtag.errors import MissingExtra
from gcmtag.objectives import OBJECTIVES, ROLES

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from gcmtag.training.recipe import Recipe

LAYERS: Final = ("query", "key", "value", "attention.output.dense", "intermediate.dense", "output.dense")
ROLE_SHARE: Final = 0.3
HEAD_RATE: Final = 5e-3
WARM_UP: Final = 0.06
# Heads see unit vectors times this number, so that their weights are of the size that AdamW's steps suit.
STRETCH: Final = 10.0
BUCKET: Final = 20  # batches between which passages of like length are exchanged


def finetune(
    texts: Sequence[str],
    bare_texts: Sequence[str],
    labels: "NDArray[np.bool_]",
    roles: "NDArray[np.int_]",
    recipe: "Recipe",
    progress: Progress | None = None,
) -> tuple[Adapter, LinearHead, LinearHead]:
    """The adapter, the objectives' head and the roles' head; heads apply to unit vectors.

    Args:
        texts: passages with their contexts in front.
        bare_texts: the same without contexts; one in ``1 / recipe.context_dropout`` passages is learned so, for
            callers who have no context.
        labels: shape (n, 23).
        roles: shape (n), index of the role, or -1 where nobody judged it.
        recipe: the settings.
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
    adapted = [parameter for parameter in encoder.parameters() if parameter.requires_grad]
    heads = [*objective_head.parameters(), *role_head.parameters()]
    optimizer = torch.optim.AdamW(
        [{"params": adapted, "lr": recipe.learning_rate}, {"params": heads, "lr": HEAD_RATE}], weight_decay=0.01
    )
    steps = recipe.epochs * -(-len(texts) // recipe.batch_size)
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda step: min(1.0, (step + 1) / (WARM_UP * steps + 1)) * max(0.02, 1 - step / steps)
    )
    targets, role_targets = torch.from_numpy(labels.astype(np.float32)), torch.from_numpy(roles)
    encoder.train()
    done = 0
    for _ in range(recipe.epochs):
        for rows in _batches([len(text) for text in texts], recipe.batch_size, draw):
            batch = [bare_texts[i] if draw.random() < recipe.context_dropout else texts[i] for i in rows]
            with torch.autocast("cpu", torch.bfloat16, enabled=_has_bfloat16()):
                vectors = _unit_vectors(encoder, tokenizer, batch, recipe.max_tokens)
            vectors = STRETCH * vectors
            loss = functional.binary_cross_entropy_with_logits(objective_head(vectors), targets[rows], reduction="sum")
            loss = loss / len(rows) + ROLE_SHARE * _role_loss(role_head(vectors), role_targets[rows])
            loss.backward()
            torch.nn.utils.clip_grad_norm_(adapted, 1.0)
            optimizer.step()
            optimizer.zero_grad()
            schedule.step()
            done += 1
            if progress is not None:
                progress(done, steps)
    return _adapter_of(encoder, recipe), _head_of(objective_head), _head_of(role_head)


def _adaptable_encoder(recipe: "Recipe") -> tuple[Any, Any]:
    from transformers import AutoModel, AutoTokenizer  # noqa: PLC0415
    from transformers.utils import logging  # noqa: PLC0415

    try:
        from peft import LoraConfig, get_peft_model  # noqa: PLC0415
    except ImportError as error:
        raise MissingExtra("fine-tuning needs the extra 'train': pip install 'gcmtag[train]'") from error
    logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    folder = encoder_folder(recipe.encoder)
    encoder = AutoModel.from_pretrained(
        folder, hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0, attn_implementation="eager"
    )
    # The low rank is what keeps the adapter from learning the passages by heart; dropout only costs time here.
    settings = LoraConfig(r=recipe.rank, lora_alpha=2 * recipe.rank, lora_dropout=0.0, target_modules=list(LAYERS))
    return AutoTokenizer.from_pretrained(folder), get_peft_model(encoder, settings)


def _has_bfloat16() -> bool:
    import torch  # noqa: PLC0415

    return bool(torch.ops.mkldnn._is_mkldnn_bf16_supported())


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


def _adapter_of(encoder: Any, recipe: "Recipe") -> Adapter:  # noqa: ANN401
    matrices: dict[str, dict[str, Any]] = {"lora_A": {}, "lora_B": {}}
    for name, parameter in encoder.named_parameters():
        for half, found in matrices.items():
            layer, mark, _ = name.removeprefix("base_model.model.").partition(f".{half}.")
            if mark:
                found[layer] = parameter.detach().numpy().astype(np.float16)
    return Adapter(matrices["lora_A"], matrices["lora_B"], scale=2.0)


def _head_of(head: Any) -> LinearHead:  # noqa: ANN401
    return LinearHead(
        np.ascontiguousarray(STRETCH * head.weight.detach().numpy().T).astype(np.float32),
        head.bias.detach().numpy().astype(np.float32),
    )
