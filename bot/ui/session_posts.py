"""Each post of a session as a message: embeds, buttons, file. Pure."""

from dataclasses import dataclass
from itertools import accumulate
from typing import Any

import discord

from bot.domain.sessions.models import PostKey, PostKind, Proposal, ProposalKind, RoundStatus
from bot.domain.text import utf16_length
from bot.services.session_view import SessionView
from bot.ui.components import build_view
from bot.ui.custom_ids import Action
from bot.ui.message_digest import message_digest
from bot.ui.session_board import board_embeds, board_items
from bot.ui.session_card import card_embed, card_view
from bot.ui.session_proposal import proposal_embed, proposal_file, proposal_view
from bot.ui.session_recap import (
    recap_embed,
    recap_file,
    recap_view,
    song_so_far_embed,
    song_so_far_file,
    song_so_far_view,
)
from bot.ui.session_result import result_embed, result_items, result_view

MAX_OWN = 2  # parts in a round: a new one, and one that is listed again
MESSAGE_LENGTH = 6000  # UTF-16 units of all embeds, Discord's limit


@dataclass(frozen=True, slots=True, kw_only=True)
class PostMessage:
    """The content of a post. Its file can be sent once."""

    embeds: list[discord.Embed]
    view: discord.ui.View | None = None
    file: discord.File | None = None

    def edited(self) -> dict[str, Any]:
        """Return the arguments of an edit, which replaces everything."""
        files = [self.file] if self.file else []
        return {"embeds": self.embeds, "view": self.view, "attachments": files}

    @property
    def digest(self) -> str:
        """The digest of the post, with the text of its file."""
        return message_digest(self.embeds, self.view, _words_of(self.file))

    def sent(self) -> dict[str, Any]:
        """Return the arguments of a new message."""
        sent: dict[str, Any] = {"embeds": self.embeds}
        if self.view is not None:
            sent["view"] = self.view
        return sent | ({"file": self.file} if self.file else {})


def post_message(view: SessionView, key: PostKey, *, may_attach: bool = True) -> PostMessage:
    """Return a post as its session is now.

    Args:
        view: of the session.
        key: names the post; it must be one of the session.
        may_attach: whether files are allowed where it stands.
    """
    state = view.state
    match key:
        case PostKey(PostKind.CARD):
            return PostMessage(embeds=[card_embed(view)], view=card_view(view))
        case PostKey(PostKind.RECAP):
            file = recap_file(view) if may_attach else None
            return PostMessage(embeds=[recap_embed(view)], view=recap_view(view), file=file)
        case PostKey(PostKind.PROPOSAL, int(number), int(proposal_number)):
            proposal = state.proposal(number, proposal_number)
            if proposal is not None:
                return _proposal_message(view, proposal, may_attach=may_attach)
        case PostKey(PostKind.BOARD, int(number)):
            each = state.round(number)
            items = build_view(board_items(view, each))
            return PostMessage(embeds=board_embeds(view, each), view=items)
        case PostKey(PostKind.RESULT, int(number)):
            each = state.round(number)
            return PostMessage(embeds=[result_embed(view, each)], view=result_view(view, each))
        case _:
            pass
    raise ValueError(f"{key} is no post of this session")


def song_so_far(view: SessionView, *, may_attach: bool) -> PostMessage:
    """Return the answer to *Song so far*."""
    return PostMessage(
        embeds=[song_so_far_embed(view, with_file=may_attach)],
        view=song_so_far_view(view),
        file=song_so_far_file(view) if may_attach else None,
    )


def overview(view: SessionView, member_id: int) -> PostMessage:
    """Return the answer to ``/session show``: the newest posts with all their buttons.

    The member's own proposal can be changed and withdrawn here too.
    """
    state = view.state
    current, busy = state.open_round, state.busy_round
    if current is None:
        return post_message(view, PostKey(PostKind.CARD))
    embeds, items = board_embeds(view, current), [*board_items(view, current)]
    if busy is not None and busy.status is RoundStatus.CHOOSING:
        embeds = _fitting([result_embed(view, busy), *embeds])
        for button in result_items(view, busy):
            button.row = 3
            items.append(button)
    listed = state.proposals_of(current.number)
    own = [each for each in listed if each.member_id == member_id]
    for proposal in [each for each in own if each.kind is ProposalKind.PART][:MAX_OWN]:
        items += (
            Action.CHANGE_PROPOSAL.button(proposal.id, label="✏️ Change your part", row=2),
            Action.WITHDRAW_PROPOSAL.button(proposal.id, label="🗑️ Withdraw it", row=2),
        )
    return PostMessage(embeds=embeds, view=build_view(items))


def _fitting(embeds: list[discord.Embed]) -> list[discord.Embed]:
    """Return as many of the first embeds as fit into one message.

    The last one lists the proposals, which the select names too.
    """
    lengths = accumulate(utf16_length(f"{each.title}{each.description}") for each in embeds)
    return [each for each, end in zip(embeds, lengths, strict=True) if end <= MESSAGE_LENGTH]


def _words_of(file: discord.File | None) -> str:
    if file is None:
        return ""
    words = file.fp.read().decode()
    file.reset()
    return words


def _proposal_message(view: SessionView, proposal: Proposal, *, may_attach: bool) -> PostMessage:
    return PostMessage(
        embeds=[proposal_embed(view, proposal, with_file=may_attach)],
        view=proposal_view(proposal),
        file=proposal_file(proposal) if may_attach else None,
    )
