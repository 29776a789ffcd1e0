"""What moderators set: each change is checked, stored, and holds from then on."""

import pytest

from bot.domain.errors import FormError, LimitError, UserError
from bot.domain.form import Form, FormDefaults
from bot.services.guild_settings import MAX_LIMIT, GuildSettingsService
from bot.store.acceptance import Quota
from bot.store.store import Store
from tests.support.scripted_provider import ScriptedProvider
from tests.support.service_harness import ADA, BEN, GUILD, SOURCE, ServiceHarness
from tests.support.session_harness import SessionHarness


def settings_service(harness: ServiceHarness) -> GuildSettingsService:
    return GuildSettingsService(harness.runtime, quota=Quota(member=2))


@pytest.fixture
def service(harness: ServiceHarness) -> GuildSettingsService:
    return settings_service(harness)


async def test_each_setting_is_changed_alone(service: GuildSettingsService, store: Store) -> None:
    await service.set_channels(GUILD, [7, 8], ADA)
    await service.set_roles(GUILD, [5], ADA)
    await service.set_provider(GUILD, "suno", ADA)
    await service.set_model(GUILD, "v4", ADA)
    await service.set_style(GUILD, "  lo-fi; warm\npiano ", ADA)
    await service.set_limits(GUILD, member=" 1 ", channel="", member_id=ADA)
    await service.set_budgets(
        GUILD, day="50", month="1000", member_day="", notices_channel_id=9, member_id=BEN
    )
    settings = await service.switch_sessions(GUILD, BEN, on=False)
    assert settings == await service.settings_of(GUILD)
    assert (settings.channel_ids, settings.role_ids) == ((7, 8), (5,))
    assert settings.form_defaults == FormDefaults(
        provider="suno", model="v4", style="lo-fi, warm piano"
    )
    assert (settings.member_limit, settings.channel_limit) == (1, None)
    budgets = (settings.daily_budget, settings.monthly_budget, settings.member_budget)
    assert budgets == (50, 1000, None)
    assert (settings.notices_channel_id, settings.has_sessions) == (9, False)
    history = await store.settings_history(GUILD)
    assert [each.changed_by for each in history] == [BEN, BEN, *[ADA] * 6]
    assert service.quota == Quota(member=2)


async def test_default_service_has_to_be_enabled(service: GuildSettingsService) -> None:
    with pytest.raises(UserError, match="set up here any more"):
        await service.set_provider(GUILD, "gone", ADA)
    assert (await service.set_provider(GUILD, "", ADA)).provider == ""


@pytest.mark.parametrize("typed", ["0", "-1", "1.5", "1,000", "many", "²", f"{MAX_LIMIT + 1}"])
async def test_limit_is_a_whole_number_from_one_on(
    service: GuildSettingsService, store: Store, typed: str
) -> None:
    with pytest.raises(FormError, match="can't be a limit"):
        await service.set_limits(GUILD, member="1", channel=typed, member_id=ADA)
    assert await store.settings_history(GUILD) == []


# Defaults of the form


async def test_defaults_hold_where_neither_member_nor_clip_says_anything(store: Store) -> None:
    harness = ServiceHarness(
        store, ScriptedProvider(), ScriptedProvider("other", models=("v4", "v5"))
    )
    defaults = FormDefaults(provider="other", style="lo-fi, warm", model="v5")
    unknown = await harness.forms.parse(Form(clip=SOURCE, at="10"), defaults)
    assert unknown.request.provider == "other"
    assert (unknown.request.style, unknown.request.model) == (("lo-fi", "warm"), "v5")
    typed = Form(clip=SOURCE, at="10", provider="suno", style="jazz")
    request = (await harness.forms.parse(typed, defaults)).request
    # a service without models has none to choose
    assert (request.provider, request.style, request.model) == ("suno", ("jazz",), None)
    await harness.known(style="synthpop")
    known = (await harness.forms.validate(Form(clip=SOURCE, at="10"), defaults)).request
    assert (known.provider, known.style) == ("suno", ("synthpop",))


async def test_default_service_that_is_gone_leaves_it_to_the_operator(
    harness: ServiceHarness,
) -> None:
    parsed = await harness.forms.parse(Form(clip=SOURCE, at="1"), FormDefaults(provider="gone"))
    assert parsed.request.provider == "suno"


async def test_suggested_models_are_those_of_the_default_service(store: Store) -> None:
    harness = ServiceHarness(store, ScriptedProvider(), ScriptedProvider("other", models=("v4",)))
    assert await harness.forms.models_for("", "") == ()
    assert await harness.forms.models_for("", "", FormDefaults(provider="other")) == ("v4",)
    assert harness.forms.default_provider == "suno"


# Sessions


async def test_server_turns_the_start_of_sessions_off(store: Store, suno: ScriptedProvider) -> None:
    harness = SessionHarness(store, suno)
    await harness.source()
    await settings_service(harness).switch_sessions(GUILD, ADA, on=False)
    with pytest.raises(LimitError, match="turned off in this server"):
        await harness.start()


@pytest.mark.parametrize(
    ("model", "models", "expected"), [("v4", ("v4",), "v4"), ("v4", (), None), ("", ("v4",), None)]
)
async def test_parts_of_sessions_are_made_with_the_default_model(
    store: Store, model: str, models: tuple[str, ...], expected: str | None
) -> None:
    harness = SessionHarness(store, ScriptedProvider(models=models))
    await harness.source()
    await settings_service(harness).set_model(GUILD, model, ADA)
    view = await harness.start()
    assert (await harness.sent(view.state.session.id)).request.model == expected


async def test_form_of_a_part_begins_with_the_default_style_if_the_song_has_none(
    store: Store, suno: ScriptedProvider
) -> None:
    harness = SessionHarness(store, suno)
    await harness.source(style="")
    await settings_service(harness).set_style(GUILD, "lo-fi", ADA)
    view = await harness.start()
    assert (await harness.proposals.form(view.state.session.id)).style == "lo-fi"
