"""Errors that a user can cause or meet: each message is one line that states what failed, why, and what to do."""

from collections.abc import Iterable


class GradvizError(Exception):
    """Base of all errors that are explained to the user instead of shown as a traceback.

    `findings` is what a reader left out or did not understand, where the error may follow from it: it is shown too.
    """

    def __init__(self, *message: object, findings: Iterable = ()) -> None:
        super().__init__(*message)
        self.findings = tuple(findings)


class ChoiceError(GradvizError):
    """A choice that does not exist or does not go with the others."""


class DatasetError(GradvizError):
    """Images, labels or splits that cannot be read."""


class NetworkError(GradvizError):
    """A network or weights that cannot be used."""


class StoreError(GradvizError):
    """Stored features that cannot be read or written."""


class DownloadError(GradvizError):
    """A transfer that failed."""


class Cancelled(GradvizError):
    """Work that somebody stopped."""
