"""The panel of `/settings`, its forms, and what is said of budgets."""

import datetime as dt
from dataclasses import replace

import discord
import pytest
from hypothesis import given

from bot.domain.budgets import BudgetNotice, BudgetUse, Level, Period
from bot.domain.guild_settings import GuildSettings
from bot.providers.base import Credits
from bot.services.budgets import ServiceCredits, Usage
from bot.store.acceptance import Quota
from bot.store.budgets import MemberUse
from bot.ui.budget_texts import budget_line, notice_embed
from bot.ui.custom_ids import Action
from bot.ui.settings_forms import (
    BUDGETS,
    LIMITS,
    STYLE,
    SettingsForm,
    correction_view,
    kept_form,
    settings_modal,
    stored_form,
    submitted_form,
)
from bot.ui.settings_panel import Panel, panel_embed, panel_view
from bot.ui.usage_embed import usage_embed
from tests.support.hostile_texts import long_texts
from tests.support.ui_samples import assert_within_limits

GUILD = 2**62
NOW = dt.datetime(2026, 5, 17, 12, tzinfo=dt.UTC)
RENEWS = Period.DAY.end(NOW)
SETTINGS = GuildSettings(guild_id=GUILD)
MANY = tuple(range(10**18, 10**18 + 25))


def use(used: int = 0, limit: int | None = None, **parts: object) -> BudgetUse:
    fields = {"period": Period.DAY, "renews_at": RENEWS}
    return BudgetUse(used=used, limit=limit, **(fields | parts))


def panel(settings: GuildSettings = SETTINGS, **parts: object) -> Panel:
    fields = {
        "budgets": (use(3, 5), use(7, period=Period.MONTH), use(is_of_member=True)),
        "quota": Quota(member=2, channel=0),
        "services": {"aimlapi": "AIML API", "suno_api": "suno-api"},
        "models": {"suno_api": tuple(f"chirp-v{number}" for number in range(30))},
        "has_sessions": True,
    }
    return Panel(settings=settings, **(fields | parts))


def said(given_panel: Panel) -> str:
    return panel_embed(given_panel).description or ""


def items(given_panel: Panel) -> dict[str, discord.ui.Item[discord.ui.View]]:
    view = panel_view(given_panel)
    assert view is not None
    return {getattr(item, "custom_id", ""): item for item in view.children}


def test_panel_of_a_server_without_settings_says_what_holds() -> None:
    text = said(panel())
    for words in (
        "**Where** in every channel",
        "**Who** everybody",
        "**Default service** the one that made the clip, else AIML API",
        "2 for a member, no limit in a channel",
        "**Today** 3 of 5 used · renews <t:",
        "**This month** 7 so far, no limit",
        "**Each member a day** no limit",
        "**Notices** nowhere",
        "**Sessions** on",
    ):
        assert words in text, words
    assert "Last changed" not in text


def test_panel_tells_who_changed_it_last_and_when() -> None:
    changed = replace(SETTINGS, changed_by=7, changed_at=NOW, version=1)
    last = said(panel(changed)).splitlines()[-1]
    assert last == f"-# Last changed by <@7> <t:{int(NOW.timestamp())}:R>"


def test_panel_warns_where_notices_can_not_be_posted() -> None:
    chosen = replace(SETTINGS, notices_channel_id=9)
    assert "<#9>, at 80 % and when used up" in said(panel(chosen))
    assert "⚠️ Encore can't post in <#9>" in said(panel(chosen, lacks_notices=True))


def test_panel_has_no_sessions_where_the_operator_has_none() -> None:
    off = panel(has_sessions=False)
    assert "turned off by whoever runs this bot" in said(off)
    assert not any(Action.SET_SESSIONS.prefix in custom_id for custom_id in items(off))
    assert f"set:sessions:{GUILD}-on" in items(panel(replace(SETTINGS, has_sessions=False)))


def test_every_custom_id_is_accepted_by_its_action() -> None:
    actions = [action for action in Action if action.prefix.startswith("set:")]
    for custom_id in items(panel()):
        assert sum(bool(action.pattern.fullmatch(custom_id)) for action in actions) == 1


def test_selects_show_what_is_set() -> None:
    found = items(panel(replace(SETTINGS, channel_ids=(1, 2), role_ids=(3,), provider="suno_api")))
    channels = found[f"set:channels:{GUILD}"]
    assert isinstance(channels, discord.ui.ChannelSelect)
    assert [value.id for value in channels.default_values] == [1, 2]
    service = found[f"set:service:{GUILD}"]
    assert isinstance(service, discord.ui.Select)
    assert [each.value for each in service.options if each.default] == ["suno_api"]
    model = found[f"set:model:{GUILD}"]
    assert isinstance(model, discord.ui.Select)
    assert (len(model.options), model.options[0].default) == (25, True)


def test_model_is_chosen_only_where_a_service_has_some() -> None:
    assert f"set:model:{GUILD}" not in items(panel(models={}))
    chosen = panel(replace(SETTINGS, provider="aimlapi", model="chirp-v3"))
    model = items(chosen)[f"set:model:{GUILD}"]
    assert isinstance(model, discord.ui.Select)
    assert [each.value for each in model.options if each.default] == ["chirp-v3"]


@given(long_texts)
def test_fullest_panel_is_within_discords_limits(text: str) -> None:
    full = GuildSettings(
        guild_id=GUILD,
        channel_ids=MANY,
        role_ids=MANY,
        style=text,
        model=text,
        notices_channel_id=MANY[0],
        changed_by=MANY[0],
        changed_at=NOW,
    )
    embed = panel_embed(panel(full))
    assert_within_limits([embed])
    view = panel_view(panel(full))
    assert view is not None
    assert len(view.to_components()) == 5
    assert "@everyone" not in (embed.description or "").replace("\\@everyone", "")


# Forms


def fields(what: str, settings: GuildSettings = SETTINGS) -> dict[str, object]:
    """Return the inputs of a form of what is set, by custom id."""
    modal = settings_modal(stored_form(what, settings), Quota(member=2))
    labels = [item for item in modal.children if isinstance(item, discord.ui.Label)]
    return {label.component.custom_id: label.component for label in labels}


def test_forms_are_filled_with_what_is_set() -> None:
    chosen = replace(SETTINGS, style="lo-fi", member_limit=1, daily_budget=50, notices_channel_id=9)
    assert fields(STYLE, chosen)["style"].default == "lo-fi"
    limits = fields(LIMITS, chosen)
    assert [limits[name].default for name in ("member", "channel")] == ["1", None]
    budgets = fields(BUDGETS, chosen)
    assert [budgets[name].default for name in ("day", "month", "member_day")] == ["50", None, None]
    assert [value.id for value in budgets["notices"].default_values] == [9]
    assert fields(BUDGETS)["notices"].default_values == []


def test_form_of_limits_says_what_the_operator_allows() -> None:
    modal = settings_modal(stored_form(LIMITS, SETTINGS), Quota(member=2))
    hints = [item.description for item in modal.children if isinstance(item, discord.ui.Label)]
    assert hints == ["Empty is 2, which is the most that this bot allows.", "Empty is no limit."]


def sent(custom_id: str, *components: dict[str, object]) -> dict[str, object]:
    labels = [{"type": 18, "component": component} for component in components]
    return {"custom_id": custom_id, "components": labels}


def test_submitted_forms_are_read_back() -> None:
    day = {"type": 4, "custom_id": "day", "value": "50"}
    notices = {"type": 8, "custom_id": "notices", "values": ["9"]}
    assert submitted_form(sent("settings:form:budgets:7", day, notices)) == SettingsForm(
        what=BUDGETS,
        guild_id=7,
        typed={"day": "50", "month": "", "member_day": ""},
        notices_channel_id=9,
    )
    nowhere = {"type": 8, "custom_id": "notices", "values": []}
    empty = submitted_form(sent("settings:form:budgets:7", nowhere))
    assert empty is not None
    assert empty.notices_channel_id is None
    for what in (STYLE, LIMITS):
        read = submitted_form(sent(f"settings:form:{what}:7"))
        assert read is not None
        assert set(read.typed.values()) == {""}


@pytest.mark.parametrize(
    ("typed", "kept"),
    [("50", "50"), (" 50 ", "50"), ("many", "many"), ("", ""), ("1,0:2|3", ""), ("²", "")],
)
def test_refused_form_opens_again_with_what_was_typed(typed: str, kept: str) -> None:
    texts = {"day": typed, "month": "1000000", "member_day": "7" * 7}
    form = SettingsForm(what=BUDGETS, guild_id=2**63, typed=texts, notices_channel_id=2**63)
    limits = SettingsForm(what=LIMITS, guild_id=GUILD, typed={"member": typed, "channel": "3"})
    for refused in (form, limits):
        view = correction_view(refused)
        assert view is not None
        [button] = view.children
        assert isinstance(button, discord.ui.Button)
        stored_id = (button.custom_id or "").removeprefix("set:edit:")
        assert Action.EDIT_SETTINGS.accepts(stored_id)
        first = next(iter(refused.typed))
        assert kept_form(stored_id) == replace(refused, typed={**refused.typed, first: kept})


@pytest.mark.parametrize(
    "custom_id", ["extend:form:a:b:1:", "settings:form:other:7", "settings:form:style:x"]
)
def test_other_forms_are_left_alone(custom_id: str) -> None:
    assert submitted_form(sent(custom_id)) is None
    assert submitted_form({"custom_id": "settings:form:style:7"}) is None


# Budgets


@pytest.mark.parametrize(
    ("budget", "words"),
    [
        (use(3), "3 so far, no limit"),
        (use(1000, 2000), "1,000 of 2,000 used · renews"),
        (use(4, 5), "**4 of 5 used** · renews"),
        (use(5, 5), "**5 of 5 used up** · renews"),
    ],
)
def test_budget_line_says_what_is_used(budget: BudgetUse, words: str) -> None:
    assert budget_line(budget).startswith(words)


@pytest.mark.parametrize(
    ("level", "period", "words"),
    [
        (Level.LOW, Period.DAY, "budget for today runs low: 4 of 5 extensions."),
        (Level.USED_UP, Period.MONTH, "budget for this month is used up: 4 of 5 extensions."),
    ],
)
def test_notice_says_what_is_used_and_when_it_renews(
    level: Level, period: Period, words: str
) -> None:
    notice = BudgetNotice(
        id=1, guild_id=2, period=period, level=level, used=4, limit=5, starts_at=period.start(NOW)
    )
    text = notice_embed(notice).description or ""
    assert words in text
    assert f"It renews <t:{int(period.end(NOW).timestamp())}:R>" in text


def test_usage_tells_of_member_server_and_services() -> None:
    usage = Usage(
        member=MemberUse(1, 20, 2),
        settings=SETTINGS,
        budgets=(use(3, 5), use(7, period=Period.MONTH), use(1, 2, is_of_member=True)),
        services=(
            ServiceCredits(label="AIML API", credits=Credits(1234.5, "USD")),
            ServiceCredits(label="suno-api", credits=Credits(19), per_extension=10),
            ServiceCredits(label="sunosay"),
            ServiceCredits(label="gone", has_answered=False),
        ),
    )
    text = usage_embed(usage).description or ""
    assert "1 today · 20 this month · 2 in progress" in text
    assert "Your share of this server's budget today: 1 of 2 used" in text
    assert "Today: 3 of 5 used" in text
    assert "AIML API: 1,234.5 USD left\n" in text
    assert "suno-api: 19 credits left, enough for about 1 extension\n" in text
    assert "sunosay: doesn't say what is left\n" in text
    assert "gone: didn't say what is left" in text
    direct = usage_embed(replace(usage, settings=None, budgets=())).description or ""
    assert "server" not in direct
