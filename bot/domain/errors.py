"""The error whose text is shown to a member as it is."""


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
