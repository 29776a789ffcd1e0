"""What goes wrong with the database before anything can run."""


class StoreError(Exception):
    """The database can't be opened; the text is one sentence for the operator."""
