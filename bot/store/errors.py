"""The error that the store raises while it is opened."""


class StoreError(Exception):
    """The database can't be opened; the text is one sentence for the operator."""
