"""Everything that goes wrong for a reason the user can act on.

Each message is one line: what is wrong, with which file, and what to do next.
Nothing else escapes the public functions for bad input.
"""


class GcmtagError(Exception):
    """Base of all errors that the package raises on purpose."""


class UsageError(GcmtagError):
    """The call itself is wrong: an unknown option, a missing argument, a column that does not exist."""


class DocumentError(GcmtagError):
    """One document could not be used; the others of a batch are not affected."""

    reason = "unusable"


class UnreadableDocument(DocumentError):
    """The file is damaged, encrypted, or of a kind that cannot be read."""

    reason = "unreadable"


class EmptyDocument(DocumentError):
    """The file was read and holds no passage."""

    reason = "empty"


class MissingExtra(GcmtagError):
    """An optional part of the package is not installed; the message names the command that adds it."""


class ModelNotFound(GcmtagError):
    """No model directory, or no encoder weights, under the given name or path."""


class ModelDamaged(GcmtagError):
    """A file of the model is missing, has another hash than the manifest says, or has an unknown format version."""


class CorpusMismatch(GcmtagError):
    """Labels and documents do not belong together, or a corpus file breaks its schema."""


class WorkerLost(GcmtagError):
    """Processes or actors that tag were killed again and again; what they had done is kept."""


class ExportWarning(UserWarning):
    """An export holds something in another form than the tables do; the message says what and where."""
