"""The embed and the buttons of a full song's reply."""

import datetime as dt
from dataclasses import replace
from typing import get_args

import discord
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.domain import failures
from bot.domain.attachments import Attachment, AttachmentStatus
from bot.domain.failures import Failure
from bot.domain.lineage import LineageClip
from bot.domain.models import (
    Clip,
    ClipRecord,
    ClipStatus,
    Extension,
    Kind,
    Status,
)
from bot.services.reply_context import ReplyContext
from bot.ui.components import clips_view, extension_view, song_endings_view
from bot.ui.extension_embeds import extension_embeds, plain_embeds
from tests.support.hostile_texts import (
    UNSEEN,
    assert_can_be_sent,
    failure_values,
    left_of,
    long_texts,
    urls,
)
from tests.support.ui_samples import (
    HANDLE,
    MEMBER,
    NOW,
    STAMP,
    all_text,
    asked,
    assert_within_limits,
    buttons,
    extension,
    heard,
    playable,
    withdrawn,
)

ROOT = "5e0f3c10-aaaa-4bbb-8ccc-0123456789ab"
LINKS = "https://discord.com/channels/2/1"


def step(
    number: int,
    *,
    title: str = "Electric Dreams",
    at: float | None = None,
    length: float | None = 60.0,
    source: bool = False,
    member: int | None = None,
) -> LineageClip:
    """Return a part of a song, which goes on from the one before ``at`` this second of that."""
    clip = Clip(
        id=ROOT if source else f"clip-{number}",
        status=ClipStatus.COMPLETE,
        title=title,
        duration=length,
    )
    if source:
        return LineageClip(ClipRecord(clip=clip, provider="suno", known_at=NOW))
    ext = asked(extension(Status.COMPLETE, clip, member_id=member or number), continue_at=at)
    known = ClipRecord(
        clip=clip,
        provider="suno",
        known_at=NOW,
        letter="A",
        extension_id=number,
        reply_url=f"{LINKS}/{number}",
    )
    return LineageClip(known, ext)


PARTS = (step(1, source=True, length=200.0), step(2, at=124.0, length=97.4), step(3, at=80.0))
LISTED = (
    "1. Electric Dreams 0:00–2:04 · source\n"
    f"2. [Electric Dreams]({LINKS}/2) 2:04–3:24 · <@2>\n"
    f"3. [Electric Dreams]({LINKS}/3) 3:24–4:24 · <@3>\n"
    f"asked by <@{MEMBER}>"
)
AROUND = ReplyContext(label="suno-api", parts=PARTS)


def concat(status: Status = Status.WAITING, *clips: Clip, **parts: object) -> Extension:
    ext = extension(status, *clips, **{"kind": Kind.CONCAT, **parts})
    return asked(ext, clip_id="clip-3", continue_at=None, lyrics="", style=(), provider="suno_api")


def splice(status: Status = Status.SUBMITTED, **parts: object) -> Extension:
    return asked(concat(status, **parts, kind=Kind.SPLICE), provider="")


def failed(failure: Failure, *clips: Clip) -> Extension:
    return concat(Status.FAILED, *clips, failure=failure)


def embed_of(ext: Extension, context: ReplyContext = AROUND) -> discord.Embed:
    [embed] = extension_embeds(ext, context)
    return embed


@pytest.mark.parametrize(
    ("ext", "colour", "title"),
    [
        (concat(), 0xFEE75C, "⏳ Waiting"),
        (concat(Status.SUBMITTING), 0x5865F2, "💿 Joining 3 parts…"),
        (concat(Status.SUBMITTED), 0x5865F2, "💿 Joining 3 parts…"),
        (splice(), 0x5865F2, "💿 Joining 3 parts…"),
        (concat(Status.STREAMING, heard()), 0x5865F2, "💿 Joining 3 parts…"),
        (concat(Status.COMPLETE, playable()), 0x57F287, "💿 Electric Dreams — full song"),
        (splice(Status.COMPLETE), 0x57F287, "💿 Electric Dreams — full song"),
        (failed(failures.Rejected()), 0xED4245, "❌ No full song"),
        (concat(Status.UNCONFIRMED), 0xED4245, "⚠️ No answer from suno-api"),
        (concat(Status.EXPIRED), 0xED4245, "⌛ Gave up after 15 minutes"),
        (concat(Status.CANCELLED), 0x99AAB5, "🚫 Cancelled"),
    ],
)
def test_each_song_status_has_its_colour_and_title(ext: Extension, colour: int, title: str) -> None:
    embed = embed_of(ext)
    assert (embed.colour, embed.title) == (discord.Colour(colour), title)
    assert embed.footer.text == "suno-api"
    assert f"asked by <@{MEMBER}>" in (embed.description or "")
    assert "3. " in (embed.description or "")
    assert_within_limits([embed])


def test_every_song_status_is_in_the_table_above() -> None:
    [marker] = [
        mark
        for mark in test_each_song_status_has_its_colour_and_title.pytestmark
        if mark.name == "parametrize"
    ]
    assert {ext.status for ext, *_ in marker.args[1]} == {*Status}


def test_waiting_song_shows_its_queue_position() -> None:
    assert embed_of(concat(), replace(AROUND, queue_position=2)).title == "⏳ Waiting · 2nd in line"


def test_postponed_song_says_why() -> None:
    ext = concat(failure=failures.RateLimited(), due_at=NOW + dt.timedelta(seconds=40))
    assert embed_of(ext).description == (
        f"{LISTED}\nsuno-api asks to wait; next try <t:{STAMP + 40}:R>. Nothing has been charged."
    )


def test_postponed_song_may_have_been_sent() -> None:
    ext = concat(failure=failures.Unavailable(), due_at=NOW + dt.timedelta(seconds=40))
    assert embed_of(ext).description == (
        f"{LISTED}\nsuno-api did not answer; next try <t:{STAMP + 40}:R>. Nothing has been charged."
    )


def test_parts_are_listed_with_times_and_members() -> None:
    assert embed_of(splice()).description == f"{LISTED}\nstarted <t:{STAMP}:R>"


def test_unknown_times_of_parts_are_omitted() -> None:
    parts = (step(1, source=True, length=None), step(2), step(3, at=20.0))
    lines = (embed_of(splice(), replace(AROUND, parts=parts)).description or "").splitlines()
    assert lines[:3] == [
        "1. Electric Dreams · source",
        f"2. [Electric Dreams]({LINKS}/2) · <@2>",
        f"3. [Electric Dreams]({LINKS}/3) · <@3>",
    ]


def test_part_without_title_is_named_by_its_id() -> None:
    parts = (step(1, source=True, title="\u200b"), *PARTS[1:])
    text = embed_of(splice(), replace(AROUND, parts=parts)).description or ""
    assert text.startswith(f"1. `{ROOT}` 0:00–2:04 · source\n")


def test_removed_part_is_not_named() -> None:
    removed = replace(PARTS[1], known=replace(PARTS[1].known, is_removed=True))
    text = embed_of(splice(), replace(AROUND, parts=(PARTS[0], removed, PARTS[2]))).description
    assert "\n2. a clip that was taken out of the library 2:04–3:24 · <@2>\n" in (text or "")


# Complete


def test_concatenated_song_has_a_link() -> None:
    clip = playable("whole", duration=264.2, image_url="https://images.example/a.jpeg")
    embed = embed_of(concat(Status.COMPLETE, clip))
    assert embed.description == (
        f"**4:24** · 3 parts\n[▶ Listen](https://audio.example/whole.mp3)\n{LISTED}"
    )
    assert embed.thumbnail.url == "https://images.example/a.jpeg"
    assert embed.image.url is None


def test_song_length_is_that_of_its_clip() -> None:
    parts = (step(1, source=True, length=200.0), step(2, at=124.0, length=None))
    context = replace(AROUND, parts=parts)
    assert (embed_of(concat(Status.COMPLETE, playable()), context).description or "").startswith(
        "**1:37** · 2 parts\n"
    )
    unknown = concat(Status.COMPLETE, playable(duration=None))
    assert (embed_of(unknown, context).description or "").startswith("[▶ Listen]")


def test_streaming_song_has_a_link() -> None:
    text = embed_of(concat(Status.STREAMING, heard())).description or ""
    assert "[▶ Listen while it streams](https://audio.example/a.mp3)" in text
    assert text.endswith(f"started <t:{STAMP}:R>")


def test_withdrawn_song_says_so() -> None:
    text = embed_of(concat(Status.COMPLETE, withdrawn("whole"))).description or ""
    assert "its link was withdrawn and can't be played. Its id: `whole`" in text


def spliced(**parts: object) -> Attachment:
    usual = {
        "clip_id": "clip-3",
        "outcome": AttachmentStatus.ATTACHED,
        "picture": "waveform.png",
        "duration": 264.6,
        "starts": (0.0, 124.1, 204.2),
    }
    return Attachment(**(usual | parts))


def test_spliced_song_is_attached_with_its_waveform() -> None:
    context = replace(AROUND, label="Encore", attachments=(spliced(),))
    embed = embed_of(splice(Status.COMPLETE), context)
    assert embed.description == f"**4:25** · 3 parts\n{LISTED}".replace("–4:24", "–4:25")
    assert embed.image.url == "attachment://waveform.png"
    assert embed.thumbnail.url is None
    assert embed.footer.text == "Encore"


def test_song_encoded_at_a_low_bit_rate_says_so() -> None:
    context = replace(AROUND, attachments=(spliced(bit_rate=112_000),))
    text = embed_of(splice(Status.COMPLETE), context).description or ""
    assert text.startswith("**4:25** · 3 parts\n-# attached at 112 kbit/s, to fit\n1. ")


def test_song_without_its_beginning_names_the_missing_parts() -> None:
    carried = spliced(starts=(0.0, 80.0), duration=140.0, picture="")
    context = replace(AROUND, attachments=(carried,))
    embed = embed_of(splice(Status.COMPLETE), context)
    assert embed.description == (
        "**2:20** · 2 parts\n"
        f"*without its beginning, clip* `{ROOT}`\n"
        f"1. [Electric Dreams]({LINKS}/2) 0:00–1:20 · <@2>\n"
        f"2. [Electric Dreams]({LINKS}/3) 1:20–2:20 · <@3>\n"
        f"asked by <@{MEMBER}>"
    )
    assert embed.image.url is None


# Without a song


@pytest.mark.parametrize(
    ("ext", "words"),
    [
        (
            concat(Status.UNCONFIRMED),
            (
                "**It may still have been charged. Encore did not ask again.**\n"
                "Look into the suno-api account first: *Try again* asks once more."
            ),
        ),
        (
            concat(Status.EXPIRED),
            (
                "**suno-api took it but never finished.**\n"
                "*Check again* asks for the result once more and costs nothing."
            ),
        ),
        (concat(Status.CANCELLED), "**Nothing was charged.**"),
        (
            concat(Status.FAILED),
            "**Something went wrong.** To have it tried once more, press *Try again*.",
        ),
    ],
)
def test_final_status_of_a_song_comes_first(ext: Extension, words: str) -> None:
    assert embed_of(ext).description == f"{words}\n{LISTED}"


FAILURES = [
    (
        failures.Rejected("Not found."),
        (
            "**suno-api did not join the parts:** *Not found.* "
            "To have Encore join them itself, press *Try again*."
        ),
    ),
    (
        failures.Rejected(),
        (
            "**suno-api did not join the parts.** "
            "To have Encore join them itself, press *Try again*."
        ),
    ),
    (
        failures.OutOfCredits(),
        (
            "**suno-api is out of credits.** Nothing was joined. "
            "Ask who runs this bot to top up, then press *Try again*."
        ),
    ),
    (
        failures.Unauthorized(),
        (
            "**suno-api does not let Encore in.** Nothing was joined. "
            "Ask who runs this bot to look at the log, then press *Try again*."
        ),
    ),
    (
        failures.SessionExpired(),
        (
            "**suno-api is signed out of Suno.** Nothing was joined. "
            "The operator of this bot has to renew its session; then press *Try again*."
        ),
    ),
    (
        failures.RateLimited(),
        "**suno-api is too busy.** Nothing was joined. In a while, press *Try again*.",
    ),
    (
        failures.Unavailable(),
        "**suno-api can't be reached.** Nothing was charged. Later, press *Try again*.",
    ),
    (
        failures.GenerationFailed("Too long."),
        (
            "**suno-api could not finish it:** *Too long.* "
            "To have Encore join it itself, press *Try again*."
        ),
    ),
    (
        failures.NotPlayable(),
        (
            "**Finished, but it can't be played:** Suno has withdrawn the link. Clip `whole`. "
            "*Check again* asks for a fresh link and costs nothing."
        ),
    ),
    (
        failures.PartUnavailable(2, "clip-2"),
        (
            "**The audio of part 2 can't be had:** clip `clip-2`. "
            "Its link may work again later; then press *Try again*."
        ),
    ),
    (
        failures.TooLarge(3723.4, 10 * 1024 * 1024),
        (
            "**The song is too large to be attached.** It is 1:02:03 long, and even at 96 kbit/s "
            "that is more than the 10 MB that a file may have here. "
            "Make it up to an earlier clip with `/song`."
        ),
    ),
    (
        failures.AttachNotAllowed(),
        (
            "**Encore lacks the permission *Attach Files* in this channel.** "
            "Ask a moderator to give it, then press *Try again*."
        ),
    ),
    *(
        (failure, "**Something went wrong.** To have it tried once more, press *Try again*.")
        for failure in (failures.Unconfirmed(), failures.Unexpected())
    ),
]


@pytest.mark.parametrize(("failure", "sentence"), FAILURES)
def test_each_failure_has_its_sentence(failure: Failure, sentence: str) -> None:
    clips = (withdrawn("whole"),) if failure == failures.NotPlayable() else ()
    description = embed_of(failed(failure, *clips)).description or ""
    assert description.splitlines()[0] == sentence


def test_no_failure_of_a_song_is_without_a_sentence() -> None:
    of_parts = {
        failures.LengthUnknown,
        failures.PastTheEnd,
        failures.UnknownClip,
        failures.Forgotten,
        failures.SourceUnavailable,
        failures.SongTooLong,
    }
    assert {type(failure) for failure, _ in FAILURES} == {*get_args(Failure)} - of_parts


# Limits


def test_song_with_the_longest_lineage_fits() -> None:
    wide = "*" * 5000
    parts = (
        step(1, source=True, title=wide),
        *(step(number, title=wide, at=7.0, member=2**63 - 1) for number in range(2, 201)),
    )
    context = replace(AROUND, parts=parts)
    clip = playable(title=wide, audio_url="https://audio.example/" + "x" * 978)
    for ext in (
        concat(Status.COMPLETE, clip),
        failed(failures.Rejected(wide)),
        splice(source_title=wide),
    ):
        embeds = extension_embeds(asked(ext, title=wide), context)
        assert_within_limits(embeds)
        lines = (embeds[0].description or "").splitlines()
        [left_out] = [line for line in lines if line.startswith("… ")]
        numbers = [line.partition(".")[0] for line in lines]
        assert "1" in numbers
        assert "200" in numbers
        shown = [number for number in numbers if number.isdecimal()]
        assert left_out == f"… {200 - len(shown)} more …"


def test_parts_that_fit_are_all_listed() -> None:
    parts = (step(1, source=True), *(step(number, title="x", at=7.0) for number in range(2, 30)))
    lines = (embed_of(splice(), replace(AROUND, parts=parts)).description or "").splitlines()
    assert [line.partition(".")[0] for line in lines[:29]] == [str(n) for n in range(1, 30)]


@settings(max_examples=60)
@given(
    status=st.sampled_from(Status),
    title=long_texts,
    titles=st.lists(long_texts, min_size=1, max_size=5),
    url=urls,
    failure=st.none() | failure_values,
)
def test_hostile_texts_of_a_song_are_escaped(
    status: Status, title: str, titles: list[str], url: str | None, failure: Failure | None
) -> None:
    clip = playable(title=title, audio_url=url)
    ext = asked(concat(status, clip, failure=failure, source_title=title), title=title)
    parts = tuple(step(number, title=text) for number, text in enumerate(titles, start=1))
    embeds = extension_embeds(ext, replace(AROUND, parts=parts))
    assert_within_limits(embeds)
    assert_within_limits(plain_embeds(ext, AROUND))
    assert UNSEEN.search(all_text(embeds)) is None
    ours = [f"]({LINKS}/{number})" for number in range(1, 6)] + [f"<@{n}>" for n in range(1, 6)]
    for words in ours:
        for embed in embeds:
            embed.description = (embed.description or "").replace(words, "")
    left = left_of(embeds).replace("[", "", len(titles))
    assert not set(left) & set("_~`|<>[]#@"), left
    assert "://" not in left
    assert left.count("*") % 2 == 0
    view = extension_view(ext)
    if view is not None:
        assert_can_be_sent(view)


# Buttons

DELETE = ("🗑️ Delete", "ext:delete:7")
TRY = ("Try again", "ext:song:7")
CHECK = ("Check again", "ext:check:7")
LISTEN = ("▶ Listen", "https://audio.example/a.mp3")


@pytest.mark.parametrize(
    ("ext", "rows"),
    [
        (concat(), [[("Cancel", "ext:cancel:7")]]),
        (concat(Status.SUBMITTED), []),
        (splice(), []),
        (concat(Status.STREAMING, heard("a")), [[LISTEN]]),
        (
            concat(Status.COMPLETE, playable("a"), handle=HANDLE),
            [[LISTEN], [("➕ Extend", "clip:extend:a")]],
        ),
        (splice(Status.COMPLETE), [[("➕ Extend", "clip:extend:song-7")]]),
        (failed(failures.Rejected()), [[TRY, DELETE]]),
        (splice(Status.FAILED), [[TRY, DELETE]]),
        (concat(Status.UNCONFIRMED), [[TRY, DELETE]]),
        (concat(Status.EXPIRED, handle=HANDLE), [[TRY, CHECK, DELETE]]),
        (concat(Status.CANCELLED), [[TRY, DELETE]]),
    ],
)
def test_each_song_status_has_its_buttons(
    ext: Extension, rows: list[list[tuple[str, str]]]
) -> None:
    assert buttons(extension_view(ext)) == rows


def test_song_button_needs_a_playable_clip() -> None:
    silent = extension(Status.COMPLETE, withdrawn("a"))
    labels = [label for row in buttons(extension_view(silent)) for label, _ in row]
    assert labels == ["🔁 Another take", "✏️ Change & redo"]


def test_extend_button_of_a_song_extends_its_last_clip() -> None:
    assert buttons(clips_view(splice(Status.COMPLETE))) == [[("➕ Extend", "clip:extend:song-7")]]


def test_song_endings_view_labels_clips_by_letter() -> None:
    known = [replace(step(number).known, letter=letter) for number, letter in ((1, "A"), (2, "B"))]
    assert buttons(song_endings_view(known)) == [
        [("💿 Song A", "clip:song:clip-1"), ("💿 Song B", "clip:song:clip-2")]
    ]
    odd = [replace(each, clip=replace(each.clip, id="a:b")) for each in known]
    assert song_endings_view(odd) is None
    assert buttons(song_endings_view([*odd, known[1]])) == [[("💿 Song B", "clip:song:clip-2")]]
