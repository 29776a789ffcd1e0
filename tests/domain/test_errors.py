from bot.domain.errors import UserError


def test_user_error_has_a_problem_and_a_remedy() -> None:
    error = UserError("Too long.", "Shorten it.")

    assert (error.problem, error.remedy) == ("Too long.", "Shorten it.")
    assert str(error) == "Too long. Shorten it."
