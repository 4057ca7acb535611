"""The card of the shipped models says what is on file."""

import importlib.util
from pathlib import Path

ROOT = Path(__file__).parents[1]


def test_the_card_is_what_training_and_evaluation_left_on_file() -> None:
    path = ROOT / "evaluation" / "model_card.py"
    spec = importlib.util.spec_from_file_location("model_card", path)
    assert spec is not None
    assert spec.loader is not None
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    on_file = (ROOT / "models" / "README.md").read_text(encoding="utf-8")
    assert script.model_card() == on_file, "run: python evaluation/model_card.py"
