"""Messages keep custom ids for years, so an id never changes its meaning."""

import discord
import pytest

from bot.interactions.buttons import (
    REPLY_BUTTONS,
    AnotherTake,
    Cancel,
    CheckAgain,
    ExtendClip,
    ExtendWithDraft,
    FullSong,
    OpenDraft,
    PersistentButton,
    PersistentSelect,
    SendAgain,
    SongOfClip,
)
from bot.interactions.library_buttons import (
    LIBRARY_BUTTONS,
    CancelRemoval,
    ConfirmRemoval,
    RemoveClip,
    ShowClip,
    TurnPage,
)
from bot.interactions.message_buttons import MESSAGE_BUTTONS, DeleteReply, ShowLyrics
from bot.interactions.notification_buttons import (
    NOTIFICATION_BUTTONS,
    AlwaysTellMe,
    NeverMind,
    StopTellingMe,
    TellMe,
)
from bot.interactions.privacy_buttons import (
    PRIVACY_BUTTONS,
    ConfirmForget,
    DownloadData,
    ForgetMe,
)
from bot.interactions.provider_buttons import (
    PROVIDER_BUTTONS,
    TryProvider,
    TryProviderWithDraft,
)
from bot.interactions.session_buttons import (
    SESSION_BUTTONS,
    ChangeProposal,
    ChooseClip,
    CloseVote,
    ConfirmEnd,
    EndNow,
    More,
    OpenPartDraft,
    PickProposal,
    ProposeAgain,
    ProposeBack,
    ProposeEnd,
    RemoveProposal,
    SongSoFar,
    TurnSessions,
    Vote,
    WithdrawProposal,
    WritePart,
)
from bot.interactions.settings_panel import (
    SETTINGS_ITEMS,
    EditSettings,
    SetBudgets,
    SetChannels,
    SetLimits,
    SetModel,
    SetProvider,
    SetRoles,
    SetSessions,
    SetStyle,
)
from bot.ui.custom_ids import Action

BUTTONS = (
    *REPLY_BUTTONS,
    *PROVIDER_BUTTONS,
    *MESSAGE_BUTTONS,
    *NOTIFICATION_BUTTONS,
    *LIBRARY_BUTTONS,
    *PRIVACY_BUTTONS,
    *(kind for kind in SESSION_BUTTONS if issubclass(kind, PersistentButton)),
    *(kind for kind in SETTINGS_ITEMS if issubclass(kind, PersistentButton)),
)

CLIP = "5e0f3c10-aaaa-4bbb-8ccc-0123456789ab"

# Rows are only ever added here. They stand on messages that nobody can change any more.
OLD_CUSTOM_IDS = [
    ("ext:cancel:7", Cancel, "7"),
    ("ext:check:7", CheckAgain, "7"),
    ("ext:again:7", SendAgain, "7"),
    ("ext:take:9007199254740993", AnotherTake, "9007199254740993"),
    (f"clip:extend:{CLIP}", ExtendClip, CLIP),
    (f"clip:extend:m_{CLIP}", ExtendClip, f"m_{CLIP}"),
    ("draft:open:42", OpenDraft, "42"),
    (f"draft:clip:42:{CLIP}", ExtendWithDraft, f"42:{CLIP}"),
    (f"clip:show:{CLIP}", ShowClip, CLIP),
    (f"clip:remove:{CLIP}", RemoveClip, CLIP),
    (f"clip:drop:{CLIP}", ConfirmRemoval, CLIP),
    (f"clip:keep:{CLIP}", CancelRemoval, CLIP),
    ("lib:page:mine:2:", TurnPage, "mine:2:"),
    ("lib:page:channel:10:night bus", TurnPage, "channel:10:night bus"),
    ("lib:page:server:0:a:b:%_🎵 clip:drop:7", TurnPage, "server:0:a:b:%_🎵 clip:drop:7"),
    ("ext:song:7", FullSong, "7"),
    (f"clip:song:{CLIP}", SongOfClip, CLIP),
    ("ext:lyrics:7", ShowLyrics, "7"),
    ("ext:delete:7", DeleteReply, "7"),
    ("ext:tell:7", TellMe, "7"),
    ("ext:untell:7", NeverMind, "7"),
    ("ext:always:7", AlwaysTellMe, "7"),
    ("ext:stop:7", StopTellingMe, "7"),
    ("ext:provider:7:suno_api", TryProvider, "7:suno_api"),
    ("draft:provider:42:aimlapi", TryProviderWithDraft, "42:aimlapi"),
    ("ses:write:7", WritePart, "7"),
    ("ses:far:7", SongSoFar, "7"),
    ("ses:more:7", More, "7"),
    ("ses:end:7", ProposeEnd, "7"),
    ("ses:back:7", ProposeBack, "7"),
    ("ses:endnow:7", EndNow, "7"),
    ("ses:endyes:7", ConfirmEnd, "7"),
    ("ses:close:7", CloseVote, "7"),
    ("ses:choose:7-a", ChooseClip, "7-a"),
    ("ses:choose:7-d", ChooseClip, "7-d"),
    ("ses:choose:9007199254740993-none", ChooseClip, "9007199254740993-none"),
    ("ses:vote:7", Vote, "7"),
    ("ses:edit:7", ChangeProposal, "7"),
    ("ses:drop:7", WithdrawProposal, "7"),
    ("ses:again:7", ProposeAgain, "7"),
    ("ses:draft:7-42", OpenPartDraft, "7-42"),
    ("me:data:7", DownloadData, "7"),
    ("me:forget:7", ForgetMe, "7"),
    ("me:forgotten:7", ConfirmForget, "7"),
    ("ses:list:2", TurnSessions, "2"),
    ("set:style:7", SetStyle, "7"),
    ("set:limits:7", SetLimits, "7"),
    ("set:budgets:7", SetBudgets, "7"),
    ("set:edit:limits:7:2,many:", EditSettings, "limits:7:2,many:"),
    ("set:edit:budgets:7:2,,10:9", EditSettings, "budgets:7:2,,10:9"),
    ("set:sessions:7-on", SetSessions, "7-on"),
    ("set:sessions:7-off", SetSessions, "7-off"),
]
OLD_SELECTS = [
    ("ses:pick:7", PickProposal),
    ("ses:remove:7", RemoveProposal),
    ("set:channels:7", SetChannels),
    ("set:roles:7", SetRoles),
    ("set:service:7", SetProvider),
    ("set:model:7", SetModel),
]


async def pressed(custom_id: str) -> list[PersistentButton]:
    """Return what discord.py makes of a press on a button with this custom id."""
    matches = (
        (kind, kind.__discord_ui_compiled_template__.fullmatch(custom_id)) for kind in BUTTONS
    )
    return [await kind.from_custom_id(None, None, match) for kind, match in matches if match]


@pytest.mark.parametrize(("custom_id", "kind", "stored_id"), OLD_CUSTOM_IDS)
async def test_old_custom_ids_keep_working(
    custom_id: str, kind: type[PersistentButton], stored_id: str
) -> None:
    [button] = await pressed(custom_id)
    assert (type(button), button.stored_id) == (kind, stored_id)


@pytest.mark.parametrize(("custom_id", "kind", "stored_id"), OLD_CUSTOM_IDS)
def test_button_is_drawn_with_the_custom_id_that_it_reads(
    custom_id: str, kind: type[PersistentButton], stored_id: str
) -> None:
    assert kind.action.custom_id_for(stored_id) == custom_id
    assert kind(stored_id).item.custom_id == custom_id
    assert kind.action.accepts(stored_id)


@pytest.mark.parametrize(
    "custom_id",
    [
        "",
        "ext:cancel:",
        "ext:cancel",
        "ext:other:7",
        "ext:provider:7",
        "draft:provider:x:aimlapi",
        "ext:take:7:8",
        "draft:open:a b",
        "draft:open:abc",
        "ext:cancel:abc",
        "ext:cancel:-7",
        f"ext:take:{2**63}",
        "x:ext:take:7",
        "lib:page:mine",
        "lib:page:mine:x:",
        "lib:page:theirs:1:",
        "lib:page:mine:1",
        "ses:choose:7",
        "ses:choose:7-e",
        "ses:choose:7-neither",
        "ses:draft:7",
        "ses:vote:",
        "ses:vote:7-a",
        "ses:end:7:8",
        "ses:ends:7",
        "set:sessions:7",
        "set:style:",
    ],
)
async def test_unknown_custom_id_matches_no_button(custom_id: str) -> None:
    assert await pressed(custom_id) == []


def test_every_action_has_one_button_and_a_row_above() -> None:
    selects = [kind.action.name for _, kind in OLD_SELECTS]
    assert sorted([*(kind.action.name for kind in BUTTONS), *selects]) == sorted(
        each.name for each in Action
    )
    assert {kind for _, kind, _ in OLD_CUSTOM_IDS} == {*BUTTONS}


def test_stored_id_may_fill_a_custom_id_of_100_characters() -> None:
    room = 100 - len("clip:extend:")
    assert Action.EXTEND_CLIP.accepts("x" * room)
    assert not Action.EXTEND_CLIP.accepts("x" * (room + 1))


def test_every_persistent_button_wraps_a_discord_button() -> None:
    for _, kind, stored_id in OLD_CUSTOM_IDS:
        assert isinstance(kind(stored_id).item, discord.ui.Button)


@pytest.mark.parametrize(("custom_id", "kind"), OLD_SELECTS)
async def test_old_selects_keep_working(custom_id: str, kind: type[PersistentSelect]) -> None:
    match = kind.__discord_ui_compiled_template__.fullmatch(custom_id)
    assert match is not None
    sent = discord.ui.Select[discord.ui.View](custom_id=custom_id)
    assert (await kind.from_custom_id(None, sent, match)).item is sent
    assert kind in (*SESSION_BUTTONS, *SETTINGS_ITEMS)
    assert kind.action.custom_id_for(7) == custom_id
    assert await pressed(custom_id) == []
