from types import SimpleNamespace
from typing import Any

import discord
import pytest
from discord import app_commands

from bot.domain.errors import UserError
from bot.interactions.responses import answer_error
from bot.services.operator_contact import OperatorContact
from bot.ui.components import draft_view
from tests.support.ui_samples import all_text, assert_within_limits

REFUSED = UserError("That is no clip.", "Pick another one.")


class Answer:
    """What is known of Discord's answer to a failed request."""

    status, reason = 404, "Not Found"


class FakeInteraction:
    """An interaction, and what the member was answered."""

    id = 99
    client = SimpleNamespace(services=SimpleNamespace(operator_contact=OperatorContact("<@42>")))

    def __init__(
        self,
        *,
        is_answered: bool = False,
        is_thinking: bool = False,
        fails_with: int | None = None,
        may_attach: bool = True,
    ) -> None:
        self.app_permissions = discord.Permissions(attach_files=may_attach)
        self.is_answered = is_answered or is_thinking
        self.type = discord.InteractionResponseType.deferred_channel_message
        if not is_thinking:
            self.type = discord.InteractionResponseType.channel_message if is_answered else None
        self.extras: dict[str, Any] = {}
        self.deferred_response: list[dict[str, Any]] = []
        self.fails_with = fails_with
        self.answers: list[dict[str, Any]] = []
        self.extras: dict[str, object] = {}
        self.response = self.followup = self

    def is_done(self) -> bool:
        return self.is_answered

    async def send(self, **message: Any) -> None:  # noqa: ANN401 - as discord.py takes it
        assert self.is_answered, "a follow-up follows a response"
        self._keep(message)

    async def send_message(self, **message: Any) -> None:  # noqa: ANN401 - as discord.py takes it
        assert not self.is_answered, "there is one response"
        self._keep(message)

    async def edit_original_response(self, **message: Any) -> None:  # noqa: ANN401 - as discord.py
        self.deferred_response.append(message)

    def _keep(self, message: dict[str, Any]) -> None:
        if self.fails_with is not None:
            raise discord.HTTPException(Answer(), {"code": self.fails_with, "message": "no"})
        self.answers.append(message)


@pytest.mark.parametrize("is_answered", [False, True])
async def test_user_error_is_shown_unchanged_to_the_member_only(
    caplog: pytest.LogCaptureFixture, *, is_answered: bool
) -> None:
    interaction = FakeInteraction(is_answered=is_answered)
    await answer_error(interaction, REFUSED)
    [answer] = interaction.answers
    assert answer["ephemeral"] is True
    assert all_text(answer["embeds"]) == "**That is no clip.**\nPick another one."
    assert caplog.records == []


async def test_user_error_wrapped_by_a_command_is_unwrapped() -> None:
    class Wrapped(app_commands.AppCommandError):
        original = REFUSED

    interaction = FakeInteraction()
    await answer_error(interaction, Wrapped())
    assert "That is no clip." in all_text(interaction.answers[0]["embeds"])


async def test_unexpected_error_is_one_sentence_with_an_id_from_the_log(
    caplog: pytest.LogCaptureFixture,
) -> None:
    interaction = FakeInteraction()
    await answer_error(interaction, ValueError("key sk-123 at https://api.example"))
    said = all_text(interaction.answers[0]["embeds"])
    assert said.startswith("**Something went wrong.**")
    assert "sk-123" not in said
    [record] = caplog.records
    error_id = said.split("`")[1]
    assert said.endswith(f"Please tell <@42>: error `{error_id}`.")
    assert error_id in record.message
    assert "99" in record.message
    assert record.exc_info is not None


async def test_error_answer_has_the_given_buttons() -> None:
    interaction, view = FakeInteraction(), draft_view(1)
    await answer_error(interaction, REFUSED, view=view)
    assert interaction.answers[0]["view"] is view


async def test_unsent_lyrics_are_returned_as_text() -> None:
    interaction = FakeInteraction()
    await answer_error(interaction, REFUSED, unsent_lyrics="la *la*\nla")
    [answer] = interaction.answers
    assert [embed.description for embed in answer["embeds"]][1:] == [">>> la \\*la\\*\nla"]
    assert answer["file"] is discord.utils.MISSING


@pytest.mark.parametrize("is_answered", [False, True])
async def test_long_unsent_lyrics_are_returned_as_a_file(*, is_answered: bool) -> None:
    typed = "la *la*\n" * 500 + "the end"
    interaction = FakeInteraction(is_answered=is_answered)
    await answer_error(interaction, REFUSED, unsent_lyrics=typed)
    [answer] = interaction.answers
    assert answer["file"].filename == "lyrics.txt"
    assert answer["file"].fp.read().decode() == typed
    assert "`lyrics.txt`" in answer["embeds"][1].description
    assert_within_limits(answer["embeds"])


async def test_long_unsent_lyrics_are_truncated_where_no_file_is_allowed() -> None:
    interaction = FakeInteraction(may_attach=False)
    await answer_error(interaction, REFUSED, unsent_lyrics="*" * 4000)
    [answer] = interaction.answers
    assert answer["file"] is discord.utils.MISSING
    assert answer["embeds"][1].description.startswith(">>> \\*\\*")
    assert answer["embeds"][1].description.endswith("…")
    assert_within_limits(answer["embeds"])


@pytest.mark.parametrize("typed", ["\ud83d", "\ud83d" * 2000, "🎵" * 2000])
async def test_any_unsent_lyrics_can_be_returned(typed: str) -> None:
    interaction = FakeInteraction()
    await answer_error(interaction, REFUSED, unsent_lyrics=typed)
    assert_within_limits(interaction.answers[0]["embeds"])


@pytest.mark.parametrize("code", [10015, 10062, 40060, 50027])
async def test_expired_interaction_is_ignored(caplog: pytest.LogCaptureFixture, code: int) -> None:
    await answer_error(FakeInteraction(fails_with=code), REFUSED)
    assert caplog.records == []


async def test_error_answer_refused_by_discord_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    await answer_error(FakeInteraction(fails_with=50035), REFUSED)
    assert [record.levelname for record in caplog.records] == ["WARNING"]


async def test_deferred_response_is_edited_once_and_then_followed() -> None:
    interaction = FakeInteraction(is_thinking=True)
    await answer_error(interaction, REFUSED)
    await answer_error(interaction, REFUSED)
    [first], [second] = interaction.deferred_response, interaction.answers
    assert first["embeds"] == second["embeds"]
    assert (first["attachments"], first["view"], second["ephemeral"]) == ([], None, True)
