"""Encore's buttons as messages carry them: custom id, label and style of each, in one table.

What pressing one does is its class in `bot.interactions.buttons`, `library_buttons` or
`session_buttons`, of the panel of `/settings` in `settings_panel`.
"""

import re
from collections.abc import Sequence
from enum import Enum

import discord

MAX_LENGTH = 100  # Discord's limit

Button = discord.ui.Button[discord.ui.View]
Select = discord.ui.Select[discord.ui.View]

EDIT_AND_SEND = "✏️ Edit & send"  # opens a form with what was typed

_DANGER = discord.ButtonStyle.danger
_PRIMARY = discord.ButtonStyle.primary
_SECONDARY = discord.ButtonStyle.secondary
# By the beginning of a prefix: a row of the store is a number below 2**63.
_ID_PATTERNS = {"ext": r"\d{1,18}", "draft": r"\d{1,18}", "clip": r"[\w-]+"}

_NUMBER = r"\d{1,19}"


class Action(Enum):
    """A button or select of Encore's: the prefix of its custom id, its label, its style, its ids.

    A custom id is the prefix, a colon and the id of what the button acts on: ``ext:cancel:7``.
    Messages keep their buttons for years, so this table is also what makes old buttons work: a
    row is never removed, and a prefix never changes its meaning. A button that is to do something
    else gets a new row. All rows exist since 0.1; those of sessions and of settings, and
    `SHOW_LYRICS`, `DELETE_REPLY`, `TELL_ME` and those of its answer, since 0.2.
    """

    # ext: the id is an extension's
    CANCEL = "ext:cancel", "Cancel"  # a waiting extension
    CHECK_AGAIN = "ext:check", "Check again"  # ask the provider for missing results
    SEND_AGAIN = "ext:again", EDIT_AND_SEND  # open the form with the same request
    ANOTHER_TAKE = "ext:take", "🔁 Another take"  # request the same again, without a form
    FULL_SONG = "ext:song", "💿 Full song"  # ends with a clip of this reply; asks which
    SHOW_LYRICS = "ext:lyrics", "📄 Lyrics"  # all of those that the reply shows in part
    DELETE_REPLY = "ext:delete", "🗑️ Delete"  # of an extension that has ended without audio
    TELL_ME = "ext:tell", "🔔 Tell me"  # when the extension has ended
    # in the answer to TELL_ME
    NEVER_MIND = "ext:untell", "Never mind"  # of this extension
    ALWAYS_TELL_ME = "ext:always", "Always tell me"  # of all that the member will ask for
    STOP_TELLING_ME = "ext:stop", "Stop telling me"  # takes that back
    # the ids are an extension's and a provider's: ``7:suno_api``
    TRY_PROVIDER = "ext:provider", "", _SECONDARY, r"\d+:\w+"  # open the form for that provider
    # clip: the id is a clip's
    EXTEND_CLIP = (
        "clip:extend",
        "Extend",
        _PRIMARY,
    )  # open the form to continue the clip from its end
    SONG_OF_CLIP = "clip:song", "💿 Song"  # that ends with the clip
    SHOW_CLIP = "clip:show", "Show"  # its details
    REMOVE_CLIP = "clip:remove", "🗑️ Remove from library"  # ask for confirmation
    CONFIRM_REMOVAL = "clip:drop", "Remove", _DANGER
    CANCEL_REMOVAL = "clip:keep", "Keep"
    # others: the id is a draft's, or a page as `library_page.encode_query` writes it
    OPEN_DRAFT = "draft:open", EDIT_AND_SEND  # open the form with what a member had typed
    # the ids are a draft's and a clip's: open the form with both
    EXTEND_WITH_DRAFT = "draft:clip", "", _SECONDARY, r"\d{1,18}:[\w-]+"
    TRY_PROVIDER_WITH_DRAFT = "draft:provider", "", _SECONDARY, r"\d+:\w+"
    TURN_PAGE = "lib:page", "", _SECONDARY, r"(?:mine|channel|server):\d{1,9}:.*"
    # me: the id is a member's; they act on whoever presses them
    DOWNLOAD_DATA = "me:data", "Download", _SECONDARY, _NUMBER
    FORGET_ME = "me:forget", "🗑️ Delete my data", _SECONDARY, _NUMBER  # ask for confirmation
    CONFIRM_FORGET = "me:forgotten", "Delete my data", _DANGER, _NUMBER
    # ses: the id is a session's
    WRITE_PART = "ses:write", "✍️ Write a part", _PRIMARY, _NUMBER  # open the form
    SONG_SO_FAR = "ses:far", "📜 Song so far", _SECONDARY, _NUMBER
    MORE = "ses:more", "⋯ More", _SECONDARY, _NUMBER  # what else a member can do
    PROPOSE_END = "ses:end", "🏁 End the song", _SECONDARY, _NUMBER
    PROPOSE_BACK = "ses:back", "↩ Take the last part back", _SECONDARY, _NUMBER
    END_NOW = "ses:endnow", "🏁 End it now", _SECONDARY, _NUMBER  # ask for confirmation
    CONFIRM_END = "ses:endyes", "🏁 End it now", _DANGER, _NUMBER
    # ses: the id is a round's; of a choice, with a clip's letter or ``none``
    PICK_PROPOSAL = "ses:pick", "Vote for what comes next", _SECONDARY, _NUMBER  # a select
    REMOVE_PROPOSAL = "ses:remove", "Take a proposal off the board", _SECONDARY, _NUMBER  # a select
    CLOSE_VOTE = "ses:close", "⏩ Close the vote now", _SECONDARY, _NUMBER
    CHOOSE_CLIP = "ses:choose", "", _SECONDARY, r"\d{1,19}-(?:[a-d]|none)"
    # ses: the id is a proposal's
    VOTE = "ses:vote", "🗳️ Vote for this", _SECONDARY, _NUMBER
    CHANGE_PROPOSAL = "ses:edit", "✏️", _SECONDARY, _NUMBER  # open the form with it
    WITHDRAW_PROPOSAL = "ses:drop", "🗑️", _SECONDARY, _NUMBER
    PROPOSE_AGAIN = "ses:again", "↩ Propose it again", _SECONDARY, _NUMBER  # open the form with it
    # ses: the ids of a session and of a draft; the number of a page of `/session list`
    OPEN_PART_DRAFT = "ses:draft", EDIT_AND_SEND, _SECONDARY, r"\d{1,19}-\d{1,19}"
    TURN_SESSIONS = "ses:list", "", _SECONDARY, r"\d{1,9}"
    # set: the id is a server's; of sessions, with what they are turned to
    SET_CHANNELS = "set:channels", "Channels for songs: all", _SECONDARY, _NUMBER  # a select
    SET_ROLES = "set:roles", "Roles that may extend: everybody", _SECONDARY, _NUMBER  # a select
    SET_PROVIDER = "set:service", "Default service", _SECONDARY, _NUMBER  # a select
    SET_MODEL = "set:model", "Default model", _SECONDARY, _NUMBER  # a select
    SET_STYLE = "set:style", "Style", _SECONDARY, _NUMBER  # open a form
    SET_LIMITS = "set:limits", "Limits", _SECONDARY, _NUMBER  # open a form
    SET_BUDGETS = "set:budgets", "Budgets", _SECONDARY, _NUMBER  # open a form
    # open a form with what was typed: which form, the server, the texts, a channel
    EDIT_SETTINGS = (
        "set:edit",
        "✏️ Edit",
        _SECONDARY,
        r"(?:limits:\d{1,19}:\w*,\w*:|budgets:\d{1,19}:\w*,\w*,\w*:\d{0,19})",
    )
    SET_SESSIONS = "set:sessions", "Sessions", _SECONDARY, r"\d{1,19}-(?:on|off)"

    def __init__(
        self,
        prefix: str,
        label: str,
        style: discord.ButtonStyle = _SECONDARY,
        id_pattern: str = "",
    ) -> None:
        self.prefix = prefix
        self.label = label
        self.style = style
        id_pattern = id_pattern or _ID_PATTERNS[prefix.partition(":")[0]]
        self.pattern = re.compile(rf"{prefix}:(?P<id>{id_pattern})")

    @property
    def is_for_extension(self) -> bool:
        """Whether the id is an extension's."""
        return self.prefix.startswith("ext:")

    def custom_id_for(self, stored_id: int | str) -> str:
        """Return the custom id of the button that acts on ``stored_id``."""
        return f"{self.prefix}:{stored_id}"

    def accepts(self, stored_id: str) -> bool:
        """Whether a custom id can carry ``stored_id``."""
        custom_id = self.custom_id_for(stored_id)
        return len(custom_id) <= MAX_LENGTH and bool(self.pattern.fullmatch(custom_id))

    def button(
        self, stored_id: int | str, *, label: str = "", row: int = 1, disabled: bool = False
    ) -> Button:
        """Return the button that acts on ``stored_id``; ``label`` replaces the usual one."""
        return Button(
            label=label or self.label,
            style=self.style,
            custom_id=self.custom_id_for(stored_id),
            row=row,
            disabled=disabled,
        )

    def select(self, stored_id: int | str, options: Sequence[discord.SelectOption] = ()) -> Select:
        """Return the select that acts on ``stored_id``; the label is its placeholder."""
        return Select(
            custom_id=self.custom_id_for(stored_id),
            placeholder=self.label,
            options=list(options),
            row=0,
        )
