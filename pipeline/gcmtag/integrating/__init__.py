"""The tagger where people already work: a spaCy component, a scikit-learn estimator, columns of a data frame."""
