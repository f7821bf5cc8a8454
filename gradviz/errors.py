"""The errors that a user can cause or meet: each message is one line that says what failed, why, and what to do."""


class GradvizError(Exception):
    """Stand for every error that is explained to the user instead of shown as a traceback."""


class ChoiceError(GradvizError):
    """Refuse a choice that does not exist or does not go with the others."""


class DatasetError(GradvizError):
    """Say why images, labels or splits cannot be read."""


class NetworkError(GradvizError):
    """Say why a network or its weights cannot be used."""


class StoreError(GradvizError):
    """Say why kept features cannot be read or written."""


class DownloadError(GradvizError):
    """Say why a transfer failed and how to go on."""


class Cancelled(GradvizError):
    """Leave work that somebody stopped."""
