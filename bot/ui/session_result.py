"""The result of a round: which clip of its part goes on, or why there is none. Pure."""

from collections.abc import Iterator, Sequence

import discord

from bot.domain.models import Clip, Extension, Status
from bot.domain.sessions.ballots import playable_letters
from bot.domain.sessions.models import NEITHER, DropReason, Proposal, Round, RoundStatus
from bot.services.session_view import SessionView
from bot.ui.components import build_view
from bot.ui.custom_ids import Action, Button
from bot.ui.extension_embeds import MAX_CLIPS, clip_letter
from bot.ui.failure_texts import failure_cause
from bot.ui.session_texts import CHARGE_WARNING, proposal_url, quoted_headline, rest_text
from bot.ui.theme import GREEN, GREY, ORANGE, RED, linked, mention, play_link, spaced_duration

LINK_LENGTH = 600  # UTF-16 units of a link to audio

NONE_ID = "none"  # of the button for neither clip


def result_embed(view: SessionView, each: Round) -> discord.Embed:
    """Return the embed of a round's result."""
    colour, title, lines = _content(view, each)
    return discord.Embed(
        colour=colour, title=f"Round {each.number:,} · {title}", description="\n".join(lines)
    )


def result_view(view: SessionView, each: Round) -> discord.ui.View | None:
    """Return the buttons of a round's result; None unless its clips can be chosen."""
    return build_view(result_items(view, each))


def choice_of(stored_id: str) -> tuple[int, str]:
    """Return the round's id and the choice in the id of a button of a result."""
    round_id, _, choice = stored_id.partition("-")
    return int(round_id), NEITHER if choice == NONE_ID else choice.upper()


def _content(view: SessionView, each: Round) -> tuple[discord.Colour, str, Iterator[str]]:
    part = view.state.part_of(each)
    match each.status:
        case RoundStatus.CHOSEN | RoundStatus.UNDONE:
            return GREEN, f"{_chosen_name(view, each, part)} goes on", _counts(each)
        case RoundStatus.SETTLED:
            text = "The session ended before a clip was chosen; it is kept in the library."
            return GREY, "not in the song", iter([text])
        case RoundStatus.DROPPED if each.drop_reason is DropReason.NEITHER:
            return GREY, "neither goes on", _unwanted_lines(view, each)
        case RoundStatus.DROPPED if each.drop_reason is DropReason.LATE:
            text = "The song went on without it; it is kept in the library."
            return GREY, "its part came too late", iter([text])
        case RoundStatus.DROPPED:
            return RED, "no part was made", _failure_lines(view, each, part)
        case _:
            return ORANGE, "which one goes on?", _choosing_lines(view, each, part)


def _choosing_lines(view: SessionView, each: Round, part: Extension | None) -> Iterator[str]:
    clips = _playable(part)
    if clips and part is not None:
        names = " · ".join(
            f"{play_link(clip, f'▶ {letter}', LINK_LENGTH) or letter}{spaced_duration(clip)}"
            for letter, clip in clips
        )
        url = part.reply.url
        pronoun = "them" if len(clips) > 1 else "it"
        yield f"{names} — or play {pronoun} in [the part]({url})" if url else names
    yield _voters_line(view, each)
    writer = view.state.winner_of(each)
    if clips:
        first = clips[0][0] if len(clips) > 1 else "it"
        by = mention(writer.member_id) if writer else ""
        tie = f" A tie: the one that {by} chose, who wrote it." if writer else ""
        yield f"-# No votes: {first} goes on.{tie if len(clips) > 1 else ''}"


def _voters_line(view: SessionView, each: Round) -> str:
    verb = "has" if each.voters == 1 else "have"
    voted = f"**{each.voters:,} {verb} chosen.**" if each.voters else "**Nobody has chosen yet.**"
    if rest := rest_text(view.state.session):
        return f"{voted} {rest}"
    if each.ends_at is None:
        return voted
    ends = discord.utils.format_dt(each.ends_at, "R")
    return f"{voted} It ends {ends}, or as soon as all who voted in this round have chosen."


def _counts(each: Round) -> Iterator[str]:
    if any(count.votes for count in each.clip_tally):
        yield " · ".join(
            f"{count.votes:,} {'neither' if count.choice == NEITHER else count.choice}"
            for count in each.clip_tally
        )
    else:
        yield "Nobody chose, so the first one goes on."
    if each.clip_closed_by is not None:
        yield f"-# closed by {mention(each.clip_closed_by)}"


def _unwanted_lines(view: SessionView, each: Round) -> Iterator[str]:
    yield from _counts(each)
    again = _listed_again(view, each)
    back = f" {_headline_link(view, again)} is back on the board" if again else ""
    yield f"The song stays as it was.{back}{', to be voted for again or changed.' if back else ''}"


def _failure_lines(view: SessionView, each: Round, part: Extension | None) -> Iterator[str]:
    if part is not None:
        label, url = view.provider_label, part.reply.url
        yield failure_cause(part, label)
        if part.status is Status.EXPIRED and url is not None:
            yield (
                f"Press *Check again* on [its reply]({url}) to ask for the result once more; "
                "that costs nothing."
            )
    if again := _listed_again(view, each):
        yield (
            f"{_headline_link(view, again)} is back on the board, without votes: "
            "nothing is sent before somebody votes again."
        )
    if part is not None and part.status is Status.UNCONFIRMED and not view.is_free:
        yield CHARGE_WARNING


def _listed_again(view: SessionView, each: Round) -> Proposal | None:
    """Return the proposal that lists the part of ``each`` once more, for the next round."""
    proposals = view.state.proposals_of(each.number + 1, listed=False)
    return next((known for known in proposals if known.listed_from == each.number), None)


def _headline_link(view: SessionView, proposal: Proposal) -> str:
    return linked(quoted_headline(proposal), proposal_url(view, proposal))


def _playable(part: Extension | None) -> Sequence[tuple[str, Clip]]:
    if part is None:
        return ()
    playable = playable_letters(part)
    lettered = ((clip_letter(index), clip) for index, clip in enumerate(part.clips[:MAX_CLIPS]))
    return [(letter, clip) for letter, clip in lettered if letter in playable]


def _chosen_name(view: SessionView, each: Round, part: Extension | None) -> str:
    choices = [count.choice for count in each.clip_tally if count.choice != NEITHER]
    if len(choices) == 1:
        return "it"
    letters = {clip.id: letter for letter, clip in _playable(part)}
    known = (found.clip.letter for found in view.parts if found.clip.clip.id == each.clip_id)
    return letters.get(each.clip_id or "") or next(known, "") or "one clip"


def result_items(view: SessionView, each: Round) -> Iterator[Button]:
    """Yield the buttons of a round's result."""
    clips = _playable(view.state.part_of(each))
    if each.status is not RoundStatus.CHOOSING or not clips:
        return
    for letter, _ in clips:
        label = f"{letter if len(clips) > 1 else 'It'} goes on"
        yield Action.CHOOSE_CLIP.button(f"{each.id}-{letter.lower()}", label=label)
    yield Action.CHOOSE_CLIP.button(f"{each.id}-{NONE_ID}", label="🔁 Neither")
