"""The errors whose text is shown to a member as it is."""

from collections.abc import Mapping


class UserError(Exception):
    """A member asked for something that can't be done; the text is written for that member.

    Attributes:
        problem: what is wrong, one sentence; shown in bold.
        remedy: what to do about it, one or two sentences.
    """

    def __init__(self, problem: str, remedy: str) -> None:
        super().__init__(f"{problem} {remedy}")
        self.problem = problem
        self.remedy = remedy


class UnknownClipError(UserError):
    """The provider that a member named does not know the clip.

    Attributes:
        other_providers: name and label of each that knows it.
    """

    def __init__(self, problem: str, remedy: str, *, other_providers: Mapping[str, str]) -> None:
        super().__init__(problem, remedy)
        self.other_providers = other_providers
