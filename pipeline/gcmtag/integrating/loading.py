"""Models held in memory once, however many estimators and pipelines use them."""

from functools import cache

from gcmtag.tagger import Tagger, load


@cache
def loaded(model: str) -> Tagger:
    """The tagger of a model by name or path, loaded at the first call.

    Held here and not in estimators and components, so that those can be copied, pickled and sent to other processes.

    Raises:
        ModelNotFound: no such model.
    """
    return load(model)
