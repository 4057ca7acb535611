"""A recipe is complete and of the right types, or refused in one line that names the setting."""

from pathlib import Path

import pytest

from gcmtag.errors import UsageError
from gcmtag.training import read_recipe

SHIPPED = Path(__file__).parents[2] / "models" / "standard.toml"


@pytest.fixture
def changed(small_recipe_file: Path, tmp_path: Path):
    """Writes the small recipe with one line replaced, left out, or added."""

    def write(setting: str, line: str | None) -> Path:
        lines = small_recipe_file.read_text(encoding="utf-8").splitlines()
        kept = [entry for entry in lines if not entry.startswith(f"{setting} =")]
        path = tmp_path / "recipe.toml"
        path.write_text("\n".join([*kept, *([] if line is None else [line])]), encoding="utf-8")
        return path

    return write


def refusal(path: Path) -> str:
    with pytest.raises(UsageError) as refused:
        read_recipe(path)
    message = str(refused.value)
    assert "\n" not in message
    assert str(path) in message
    return message


def test_the_shipped_recipe_is_sound() -> None:
    recipe = read_recipe(SHIPPED)
    assert recipe.name == "standard"
    assert all(isinstance(path, Path) for path in recipe.corpus)


def test_corpora_are_relative_to_the_recipe(small_recipe_file: Path) -> None:
    assert read_recipe(small_recipe_file).corpus == (small_recipe_file.parent / "corpus",)


def test_corpora_of_the_call_replace_those_of_the_recipe(small_recipe_file: Path) -> None:
    """Relative to where the user stands, as any path on a command line."""
    assert read_recipe(small_recipe_file, (Path("mine.jsonl"),)).corpus == (Path("mine.jsonl"),)


@pytest.mark.parametrize("setting", ["seed", "encoder", "tested", "corpus", "rank"])
def test_a_missing_setting_is_named(changed, setting: str) -> None:
    assert setting in refusal(changed(setting, None))


def test_an_unknown_setting_is_named(changed) -> None:
    """A misspelt one would leave the reader in the belief that it counted."""
    assert "learning_rat" in refusal(changed("learning_rat", "learning_rat = 0.1"))


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("seed", '"7"'),
        ("seed", "7.5"),
        ("seed", "true"),
        ("epochs", "true"),
        ("name", "5"),
        ("name", '["small"]'),
        ("epochs", "[1]"),
        ("learning_rate", '"fast"'),
        ("learning_rate", "false"),
        ("tested", '"valdourada-plan-review"'),
        ("tested", "[1]"),
        ("corpus", '"corpus"'),
        ("corpus", "[[]]"),
        ("encoder", "{ name = 'x' }"),
    ],
)
def test_a_setting_of_the_wrong_type_is_named(changed, setting: str, value: str) -> None:
    assert setting in refusal(changed(setting, f"{setting} = {value}"))


def test_a_whole_number_is_a_number(changed) -> None:
    recipe = read_recipe(changed("calibration_share", "calibration_share = 1"))
    assert isinstance(recipe.calibration_share, float)


@pytest.mark.parametrize("content", [b"name = ", b"\xff\xfe\x00", b"name = 'a'\nname = 'b'"])
def test_a_file_that_is_no_toml_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "recipe.toml"
    path.write_bytes(content)
    assert "not a readable recipe" in refusal(path)


def test_a_recipe_that_is_not_there_is_refused(tmp_path: Path) -> None:
    assert "not a readable recipe" in refusal(tmp_path / "nowhere.toml")


def test_the_card_holds_no_paths_of_this_machine(small_recipe_file: Path) -> None:
    values = read_recipe(small_recipe_file).as_json()
    assert "corpus" not in values
    assert values["tested"] == ["valdourada-plan-review"]
    assert not any(str(small_recipe_file.parent) in str(value) for value in values.values())
