"""The errors whose text is shown to a member as it is."""

from collections.abc import Mapping, Sequence
from typing import Self


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


class ClipNotFoundError(UserError):
    """A member's text is no id and no link; it may be words of a clip.

    Attributes:
        text: what they typed.
    """

    def __init__(self, problem: str, remedy: str, *, text: str) -> None:
        super().__init__(problem, remedy)
        self.text = text


class LimitError(UserError):
    """What a server has set refuses it; the same may be asked for elsewhere or later."""


class FormError(UserError):
    """Fields of a form are wrong; the member can correct them there.

    Attributes:
        other_providers: name and label of each that would accept the form as it is.
    """

    def __init__(
        self, problem: str, remedy: str, *, other_providers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(problem, remedy)
        self.other_providers = other_providers or {}

    @classmethod
    def of(
        cls, errors: Sequence[UserError], *, other_providers: Mapping[str, str] | None = None
    ) -> Self:
        """Return one error that tells all of ``errors``."""
        if len(errors) == 1:
            problem, remedy = errors[0].problem, errors[0].remedy
        else:
            problem = f"{len(errors)} things need to be changed."
            remedy = "\n".join(f"- **{error.problem}** {error.remedy}" for error in errors)
        return cls(problem, remedy, other_providers=other_providers)
