"""Which buttons a message has: values -> view. Pure; `custom_ids` has each button's label and id.

Views for the library are beside their embeds, in `clip_details` and `library_page`.
"""

import datetime as dt
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from itertools import chain, islice
from types import MappingProxyType

import discord

from bot.domain.attachments import Attachment, AttachmentStatus
from bot.domain.failures import UnknownClip
from bot.domain.models import Clip, ClipRecord, Extension, Status
from bot.domain.transitions import can_check_again
from bot.ui.clip_names import clip_label
from bot.ui.custom_ids import Action, Button
from bot.ui.extension_embeds import MAX_CLIPS, are_lyrics_cut, clip_letter
from bot.ui.theme import attached_ids, has_listen_button

ROW_LENGTH = 5  # buttons, Discord's limit
MAX_ROWS = 5  # of buttons, Discord's limit
MAX_LABEL_LENGTH = 80  # Discord's limit
NO_PROVIDERS: Mapping[str, str] = MappingProxyType({})


def extension_view(
    ext: Extension,
    attachments: Iterable[Attachment] = (),
    other_providers: Mapping[str, str] = NO_PROVIDERS,
) -> discord.ui.View | None:
    """Return the buttons of a reply: links, what continues it, other actions; each begins a row.

    ``other_providers`` may accept what its provider refused: their names and labels.
    """
    attachments = tuple(attachments)
    lacks_audio = any(each.outcome is AttachmentStatus.UNAVAILABLE for each in attachments)
    rows = [
        *_rows_of(_continuations(ext)),
        *_rows_of(_actions(ext, other_providers, may_have_news=lacks_audio)),
    ]
    for number, row in enumerate(rows, start=1):
        for button in row:
            button.row = number
    return build_view([*_links(ext, attached_ids(attachments)), *chain.from_iterable(rows)])


def draft_view(
    draft_id: int,
    other_providers: Mapping[str, str] = NO_PROVIDERS,
    *,
    label: str = "",
    is_correctable: bool = True,
) -> discord.ui.View | None:
    """Return the buttons that open the form with a draft: as it was, and for other providers.

    Args:
        draft_id: of the form.
        other_providers: name and label of each.
        label: in place of the usual one on the first button.
        is_correctable: whether it could be accepted as it was, after a change.
    """
    others = _provider_buttons(Action.TRY_PROVIDER_WITH_DRAFT, draft_id, other_providers)
    as_it_was = [Action.OPEN_DRAFT.button(draft_id, label=label)] if is_correctable else []
    return build_view([*as_it_was, *others])


def clips_view(ext: Extension) -> discord.ui.View | None:
    """Return a button for each clip of ``ext`` that can be extended."""
    return build_view(_extend_buttons(ext))


def song_endings_view(clips: Sequence[ClipRecord]) -> discord.ui.View | None:
    """Return a button for each clip with which a full song can end."""
    accepted = [known for known in clips if Action.SONG_OF_CLIP.accepts(known.clip.id)]
    return build_view(
        Action.SONG_OF_CLIP.button(
            known.clip.id, label=f"{Action.SONG_OF_CLIP.label} {known.letter}"
        )
        for known in accepted[:MAX_CLIPS]
    )


def found_clips_view(
    clips: Sequence[ClipRecord], action: Action, *, now: dt.datetime, draft_id: int | None = None
) -> discord.ui.View | None:
    """Return a button for each of ``clips`` that does ``action``, one in a row.

    ``draft_id`` is of the form that the buttons open.
    """
    draft = "" if draft_id is None else f"{draft_id}:"
    accepted = [known for known in clips if action.accepts(f"{draft}{known.clip.id}")]
    return build_view(
        action.button(
            f"{draft}{known.clip.id}",
            label=clip_label(known, now=now, limit=MAX_LABEL_LENGTH),
            row=row,
        )
        for row, known in enumerate(accepted[:MAX_ROWS])
    )


def listen_button(clip: Clip, label: str) -> Button | None:
    """Return the button that links to a clip's audio; None without a link that it can carry."""
    return Button(label=label, url=clip.public_url, row=0) if has_listen_button(clip) else None


def link_button(label: str, url: str | None) -> Iterator[Button]:
    """Yield the button that opens ``url``, if there is one."""
    if url is not None:
        yield Button(label=label, url=url, row=0)


def build_view(items: Iterable[discord.ui.Item[discord.ui.View]]) -> discord.ui.View | None:
    """Return a view of buttons and selects; None if there are none."""
    view = discord.ui.View(timeout=None)
    for item in items:
        view.add_item(item)
    # Presses reach the classes in `bot.interactions` by custom id, after a restart too, so
    # discord.py need not keep the view.
    view.stop()
    return view if view.children else None


def _rows_of(buttons: Iterable[Button]) -> Iterator[tuple[Button, ...]]:
    """Yield ``buttons`` in rows, as many in each as fit."""
    rest = iter(buttons)
    while row := tuple(islice(rest, ROW_LENGTH)):
        yield row


def _links(ext: Extension, attached: Container[str]) -> Iterator[Button]:
    """Yield links to what can be heard and is not attached."""
    if ext.status not in (Status.STREAMING, Status.COMPLETE, Status.EXPIRED):
        return
    for index, clip in enumerate(ext.clips[:MAX_CLIPS]):
        button = listen_button(clip, _lettered("▶ Listen", ext, index))
        if button is not None and clip.id not in attached:
            yield button


def _continuations(ext: Extension) -> Iterator[Button]:
    if ext.status is Status.COMPLETE:
        yield from _extend_buttons(ext)
        if not ext.kind.is_song:
            yield Action.ANOTHER_TAKE.button(ext.id)


def _song_buttons(ext: Extension) -> Iterator[Button]:
    for index, clip in enumerate(ext.clips[:MAX_CLIPS]):
        if clip.is_playable and Action.SONG_OF_CLIP.accepts(clip.id):
            label = _lettered(Action.SONG_OF_CLIP.label, ext, index)
            yield Action.SONG_OF_CLIP.button(clip.id, label=label)


def _actions(
    ext: Extension, other_providers: Mapping[str, str], *, may_have_news: bool
) -> Iterator[Button]:
    if not ext.status.is_final:
        yield Action.TELL_ME.button(ext.id)
    if ext.status is Status.WAITING:
        yield Action.CANCEL.button(ext.id)
    if ext.status is Status.COMPLETE and not ext.kind.is_song:
        yield from _song_buttons(ext)
    if are_lyrics_cut(ext):
        yield Action.SHOW_LYRICS.button(ext.id)
    if ext.status is Status.COMPLETE and not ext.kind.is_song:
        yield Action.SEND_AGAIN.button(ext.id, label="✏️ Change & redo")
    if ext.is_without_audio and ext.kind.is_song:
        yield Action.FULL_SONG.button(ext.id)
    elif ext.is_without_audio and not (isinstance(ext.failure, UnknownClip) and other_providers):
        yield Action.SEND_AGAIN.button(ext.id)  # the same provider may accept it then
    yield from _provider_buttons(Action.TRY_PROVIDER, ext.id, other_providers)
    if can_check_again(ext) or may_have_news:
        yield Action.CHECK_AGAIN.button(ext.id)
    if ext.is_without_audio:
        yield Action.DELETE_REPLY.button(ext.id)


def _provider_buttons(
    action: Action, stored_id: int, providers: Mapping[str, str]
) -> Iterator[Button]:
    for name, label in providers.items():
        yield action.button(f"{stored_id}:{name}", label=f"Try {label}")


def _extend_buttons(ext: Extension) -> Iterator[Button]:
    indexes = {clip.id: index for index, clip in enumerate(ext.clips[:MAX_CLIPS])}
    for clip_id in ext.extendable_references:
        index = 0 if ext.kind.is_song else indexes.get(clip_id)
        if index is not None and Action.EXTEND_CLIP.accepts(clip_id):
            label = _lettered(Action.EXTEND_CLIP.label, ext, index)
            yield Action.EXTEND_CLIP.button(clip_id, label=label)


def _lettered(label: str, ext: Extension, index: int) -> str:
    """Return ``label`` with the letter of a clip; a full song is one clip and has no letter."""
    return label if ext.kind.is_song else f"{label} {clip_letter(index)}"
