from bot.domain.errors import FormError, UserError


def test_user_error_has_a_problem_and_a_remedy() -> None:
    error = UserError("Too long.", "Shorten it.")

    assert (error.problem, error.remedy) == ("Too long.", "Shorten it.")
    assert str(error) == "Too long. Shorten it."


def test_one_wrong_field_is_told_as_it_is() -> None:
    error = FormError.of([UserError("Too long.", "Shorten it.")])

    assert (error.problem, error.remedy) == ("Too long.", "Shorten it.")


def test_several_wrong_fields_become_a_list() -> None:
    error = FormError.of(
        [UserError("Too long.", "Shorten it."), UserError("No style.", "Name one.")]
    )

    assert error.problem == "2 things need to be changed."
    assert error.remedy == "- **Too long.** Shorten it.\n- **No style.** Name one."


def test_form_error_tells_which_providers_would_accept_the_form() -> None:
    errors = [UserError("No style.", "Name one.")]

    assert FormError.of(errors).other_providers == {}
    assert FormError.of(errors, other_providers={"a": "A"}).other_providers == {"a": "A"}
