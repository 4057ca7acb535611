"""The tagger as a scikit-learn estimator, for pipelines, scorers and stacking."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from gcmtag.errors import UsageError
from gcmtag.integrating.loading import loaded
from gcmtag.objectives import NUMBERS
from gcmtag.tagger import DEFAULT_MODEL, Tagger

if TYPE_CHECKING:
    from numpy.typing import NDArray


class GcmtagClassifier(ClassifierMixin, TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """A multilabel classifier that has learned already: ``fit`` only loads the model.

    ``X`` is a list, array or series of n texts. Labels are 23 columns of 0 and 1, objective 1 first.

    Args:
        model: name of a shipped model, or path of a folder.

    Attributes:
        classes_: the numbers of the objectives, in the order of the columns; shape (23,).
        model_id_: id of the loaded model.
    """

    def __init__(self, model: str = DEFAULT_MODEL) -> None:
        self.model = model

    def fit(self, X: Iterable[str], y: object = None) -> Self:  # noqa: N803
        """Loads the model. Neither texts nor labels change it; train another one with ``gcmtag train``.

        Raises:
            ModelNotFound: no such model.
        """
        self.model_id_ = self._tagger().model
        self.classes_ = np.array(NUMBERS)
        return self

    def predict(self, X: Iterable[str]) -> "NDArray[np.int64]":  # noqa: N803
        """The objectives of each text: shape (n, 23), 1 where it has the objective."""
        check_is_fitted(self)
        return np.array(
            [[int(number in tags.objectives) for number in NUMBERS] for tags in self._tagger().tag(_texts(X))],
            dtype=np.int64,
        ).reshape(-1, len(NUMBERS))

    def predict_proba(self, X: Iterable[str]) -> "NDArray[np.float32]":  # noqa: N803
        """Calibrated probabilities, shape (n, 23), float32."""
        check_is_fitted(self)
        return self._tagger().scores(_texts(X))

    def transform(self, X: Iterable[str]) -> "NDArray[np.float32]":  # noqa: N803
        """The probabilities as features for a model of your own, shape (n, 23), float32."""
        return self.predict_proba(X)

    def get_feature_names_out(self, input_features: object = None) -> "NDArray[np.object_]":
        """Names of the columns of ``transform``: objective_1 to objective_23."""
        check_is_fitted(self)
        return np.array([f"objective_{number}" for number in NUMBERS], dtype=object)

    def __sklearn_tags__(self) -> Any:  # noqa: ANN401
        tags = super().__sklearn_tags__()
        tags.input_tags.string = True
        tags.input_tags.one_d_array = True
        tags.input_tags.two_d_array = False
        tags.classifier_tags.multi_label = True
        tags.target_tags.required = False
        tags.transformer_tags.preserves_dtype = []
        tags.no_validation = True
        return tags

    def _tagger(self) -> Tagger:
        return loaded(self.model)


def _texts(texts: Iterable[str]) -> list[str]:
    if isinstance(texts, str):
        raise UsageError("X is a single string where a list of texts is expected: put it in []")
    return list(texts)
