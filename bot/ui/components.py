"""The buttons under a message, drawn: Extension -> view. Pure; `buttons` says what they do."""

from collections.abc import Iterable, Iterator, Sequence

import discord

from bot.domain.attachments import Attachment, AttachmentStatus
from bot.domain.models import ClipRecord, Extension, Status
from bot.domain.transitions import can_check_again
from bot.ui.custom_ids import Action
from bot.ui.extension_embeds import MAX_CLIPS, clip_letter

LINK_LENGTH = 512  # Discord's limit for a button's url
IN_A_ROW = 5  # Discord's limit

Button = discord.ui.Button[discord.ui.View]


def extension_view(
    ext: Extension, attachments: Iterable[Attachment] = ()
) -> discord.ui.View | None:
    """Return the buttons of a reply: links in the first row, actions below."""
    is_out_of_reach = any(each.outcome is AttachmentStatus.UNAVAILABLE for each in attachments)
    actions = _in_rows(_actions(ext, may_have_news=is_out_of_reach))
    return build_view([*_links(ext), *actions])


def draft_view(draft_id: int) -> discord.ui.View | None:
    """Return the button that opens a form again with everything that was typed."""
    return build_view([_button("Edit and send", Action.OPEN_DRAFT, draft_id)])


def clips_view(ext: Extension) -> discord.ui.View | None:
    """Return a button for each clip of ``ext`` that can be extended."""
    return build_view(_extend_buttons(ext))


def endings_view(clips: Sequence[ClipRecord]) -> discord.ui.View | None:
    """Return a button for each clip that a full song could end with."""
    fitting = [known for known in clips if Action.SONG_OF_CLIP.accepts(known.clip.id)]
    return build_view(
        _button(f"💿 Full song {known.letter}", Action.SONG_OF_CLIP, known.clip.id)
        for known in fitting[:MAX_CLIPS]
    )


def _links(ext: Extension) -> Iterator[Button]:
    if ext.status in (Status.STREAMING, Status.COMPLETE):
        for index, clip in enumerate(ext.clips[:MAX_CLIPS]):
            if clip.audio_url and len(clip.audio_url) <= LINK_LENGTH:
                yield Button(label=_of("▶ Listen", ext, index), url=clip.audio_url, row=0)


def _actions(ext: Extension, *, may_have_news: bool) -> Iterator[Button]:
    if ext.status is Status.WAITING:
        yield _button("Cancel", Action.CANCEL, ext.id)
    if ext.status is Status.COMPLETE:
        yield from _extend_buttons(ext)
    if ext.status is Status.COMPLETE and not ext.kind.is_song:
        yield _button("🔁 Another take", Action.ANOTHER_TAKE, ext.id)
        if ext.extendable_clip_ids:
            yield _button("💿 Full song", Action.FULL_SONG, ext.id)
    if can_check_again(ext) or may_have_news:
        yield _button("Check again", Action.CHECK_AGAIN, ext.id)
    elif ext.status in (Status.FAILED, Status.UNCONFIRMED):
        if ext.kind.is_song:
            yield _button("Try again", Action.FULL_SONG, ext.id)
        else:
            yield _button("Send again", Action.SEND_AGAIN, ext.id)


def _extend_buttons(ext: Extension) -> Iterator[Button]:
    places = {clip.id: index for index, clip in enumerate(ext.clips[:MAX_CLIPS])}
    for clip_id in ext.extendable_clip_ids:
        index = 0 if ext.kind.is_song else places.get(clip_id)
        if index is not None and Action.EXTEND_CLIP.accepts(clip_id):
            yield _button(_of("➕ Extend", ext, index), Action.EXTEND_CLIP, clip_id)


def _of(words: str, ext: Extension, index: int) -> str:
    """Return ``words`` with the letter of a clip; a full song is one clip, and has none."""
    return words if ext.kind.is_song else f"{words} {clip_letter(index)}"


def _in_rows(actions: Iterable[Button]) -> Iterator[Button]:
    """Yield ``actions`` in the rows below the links."""
    for index, button in enumerate(actions):
        button.row = 1 + index // IN_A_ROW
        yield button


def _button(label: str, action: Action, stored_id: int | str) -> Button:
    return Button(label=label, custom_id=action.custom_id_for(stored_id), row=1)


def build_view(buttons: Iterable[Button]) -> discord.ui.View | None:
    """Return ``buttons`` as they go under a message; None if there are none."""
    view = discord.ui.View(timeout=None)
    for button in buttons:
        view.add_item(button)
    # Presses are read by `buttons`, after a restart too: discord.py need not remember the view.
    view.stop()
    return view if view.children else None
