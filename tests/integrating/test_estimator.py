"""The scikit-learn estimator: its answers are the tagger's, and scikit-learn's own checks pass where text allows."""

import pickle
import warnings
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score
from sklearn.pipeline import make_pipeline
from sklearn.utils.estimator_checks import check_estimator

from gcmtag import GcmtagClassifier, Tagger
from gcmtag.document import Tags
from gcmtag.errors import UsageError
from gcmtag.objectives import clusters_of

TEXTS = ["Marovia cut the fee on remittances to 3 per cent.", "The weather was mild.", "Consulates renew passports."]

# Every check of scikit-learn that fails, with the reason; a check that begins to pass or to fail fails the test.
FIXED_LABELS = "labels are always the 23 objectives, whatever labels fit is given"
UNUSED_LABELS = "fit learns nothing from y, so it does not look at it"
EXPECTED_FAILURES = {
    "check_fit_score_takes_y": FIXED_LABELS,
    "check_pipeline_consistency": FIXED_LABELS,
    "check_classifiers_one_label": FIXED_LABELS,
    "check_classifiers_classes": FIXED_LABELS,
    "check_classifiers_multilabel_output_format_predict": FIXED_LABELS,
    "check_classifiers_multilabel_output_format_predict_proba": FIXED_LABELS,
    "check_classifiers_train": UNUSED_LABELS,
    "check_classifiers_regression_target": UNUSED_LABELS,
    "check_supervised_y_no_nan": UNUSED_LABELS,
    "check_supervised_y_2d": UNUSED_LABELS,
}


class Letters:
    """Stands in for the tagger: scores by the text's checksum, so that hundreds of checks take no time."""

    model = "letters"

    def scores(self, texts: list[str]) -> np.ndarray:
        rows = [np.random.default_rng(zlib.crc32(text.encode())).random(23, dtype=np.float32) for text in texts]
        return np.array(rows, dtype=np.float32).reshape(-1, 23)

    def tag(self, texts: list[str]) -> list[Tags]:
        found = []
        for row in self.scores(texts):
            objectives = tuple(int(i) + 1 for i in np.flatnonzero(row >= 0.8))
            scores = tuple(map(float, row))
            found.append(Tags(objectives, scores, clusters_of(objectives), scores[:4], "action", 0.5))
        return found


class ReadsNumbers(GcmtagClassifier):
    """The estimator as it is, but for tables of numbers, which it takes for texts a row: what the checks need."""

    def _tagger(self) -> Any:
        return Letters()

    def fit(self, X, y=None):  # noqa: N803
        return super().fit(rows_as_texts(self, X, reset=True), y)

    def predict(self, X):  # noqa: N803
        return super().predict(rows_as_texts(self, X))

    def predict_proba(self, X):  # noqa: N803
        return super().predict_proba(rows_as_texts(self, X))

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.two_d_array = True
        tags.input_tags.one_d_array = False
        tags.input_tags.string = False
        tags.no_validation = False
        return tags


def rows_as_texts(estimator: Any, X: Any, *, reset: bool = False) -> list[str]:  # noqa: N803
    from sklearn.utils.validation import check_is_fitted, validate_data

    if not reset:
        check_is_fitted(estimator)
    return [" ".join(map(str, row)) for row in validate_data(estimator, X, reset=reset)]


@pytest.fixture(scope="module")
def fitted(small_model: Path) -> GcmtagClassifier:
    return GcmtagClassifier(str(small_model)).fit(TEXTS)


def test_the_checks_of_scikit_learn_fail_only_where_expected() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        results = check_estimator(ReadsNumbers(), on_fail=None, on_skip=None)
    failed = {item["check_name"]: str(item["exception"])[:200] for item in results if item["status"] == "failed"}
    passed = {item["check_name"] for item in results if item["status"] == "passed"}
    assert set(failed) == set(EXPECTED_FAILURES), failed
    assert len(passed) > len(failed)


def test_scikit_learn_is_told_that_it_reads_texts() -> None:
    tags = GcmtagClassifier().__sklearn_tags__()
    assert tags.input_tags.string
    assert not tags.input_tags.two_d_array
    assert tags.classifier_tags.multi_label


def test_predictions_and_probabilities_are_those_of_the_tagger(fitted, small_tagger: Tagger) -> None:
    labels, scores = fitted.predict(TEXTS), fitted.predict_proba(TEXTS)
    assert labels.shape == scores.shape == (3, 23)
    np.testing.assert_allclose(scores, small_tagger.scores(TEXTS), atol=1e-5)
    for row, tags in zip(labels, small_tagger.tag(TEXTS), strict=True):
        assert tuple(fitted.classes_[row == 1]) == tags.objectives
    assert fitted.model_id_ == small_tagger.model


def test_scorers_and_pipelines_take_it(fitted) -> None:
    truth = fitted.predict(TEXTS)
    assert f1_score(truth, fitted.predict(TEXTS), average="micro", zero_division=0) == 1
    assert fitted.score(TEXTS, truth) == 1
    stacked = make_pipeline(clone(fitted), LogisticRegression(C=1_000)).fit(TEXTS, [1, 0, 0])
    assert stacked.predict(TEXTS[:1]).tolist() == [1]
    assert list(fitted.get_feature_names_out())[19] == "objective_20"


def test_it_must_be_fitted_and_survives_pickling(fitted) -> None:
    with pytest.raises(NotFittedError):
        GcmtagClassifier().predict(TEXTS)
    again = pickle.loads(pickle.dumps(fitted))  # noqa: S301
    np.testing.assert_array_equal(again.predict(TEXTS), fitted.predict(TEXTS))
    assert len(pickle.dumps(fitted)) < 5_000, "the model is not in it"


def test_nothing_in_gives_nothing_out(fitted) -> None:
    assert fitted.predict([]).shape == fitted.predict_proba([]).shape == (0, 23)


@pytest.mark.parametrize("texts", ["a single text", [1, 2], [None]])
def test_what_is_no_list_of_texts_is_refused(fitted, texts: Any) -> None:
    with pytest.raises(UsageError):
        fitted.predict_proba(texts)
    with pytest.raises(UsageError):
        fitted.predict(texts)
