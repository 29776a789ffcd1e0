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
        part_number=number,
        lyrics=ext.request.lyrics,
    )
    return LineageClip(known, ext)


PARTS = (step(1, source=True, length=200.0), step(2, at=124.0, length=97.4), step(3, at=80.0))
LISTED = (
    "1. 0:00 source\n"
    f"2. 2:04 [“Silver cities”]({LINKS}/2) · <@2>\n"
    f"3. 3:24 [“Silver cities”]({LINKS}/3) · <@3>\n"
    f"-# Asked by <@{MEMBER}>"
)
AROUND = ReplyContext(label="suno-api", parts=PARTS)
UNTIMED = replace(AROUND, parts=(step(1, source=True, length=None), step(2)))


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
        (
            failed(failures.NotPlayable(), withdrawn("whole")),
            0xED4245,
            "⚠️ Finished, but Suno withdrew the link",
        ),
        (concat(Status.UNCONFIRMED), 0xED4245, "⚠️ No clear answer from suno-api"),
        (concat(Status.EXPIRED), 0xED4245, "⌛ Gave up after 15 minutes"),
        (concat(Status.CANCELLED), 0x99AAB5, "🚫 Cancelled"),
    ],
)
def test_each_song_status_has_its_colour_and_title(ext: Extension, colour: int, title: str) -> None:
    embed = embed_of(ext)
    assert (embed.colour, embed.title) == (discord.Colour(colour), title)
    assert embed.footer.text == "suno-api"
    assert f"-# Asked by <@{MEMBER}>" in (embed.description or "")
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
        f"suno-api asked Encore to wait; next try <t:{STAMP + 40}:R>. Nothing has been charged yet."
        f"\n\n{LISTED}"
    )


def test_postponed_song_may_have_been_sent() -> None:
    ext = concat(failure=failures.Unavailable(), due_at=NOW + dt.timedelta(seconds=40))
    assert embed_of(ext).description == (
        f"suno-api didn't answer; next try <t:{STAMP + 40}:R>. Nothing has been charged yet."
        f"\n\n{LISTED}"
    )


def test_parts_are_listed_with_times_and_members() -> None:
    assert embed_of(splice()).description == f"Started <t:{STAMP}:R>\n\n{LISTED}"


def test_unknown_times_of_parts_are_omitted() -> None:
    parts = (step(1, source=True, length=None), step(2), step(3, at=20.0))
    lines = (embed_of(splice(), replace(AROUND, parts=parts)).description or "").splitlines()
    assert lines[2:5] == [
        "1. 0:00 source",
        f"2. [“Silver cities”]({LINKS}/2) · <@2>",
        f"3. [“Silver cities”]({LINKS}/3) · <@3>",
    ]


def test_part_is_named_by_its_title_where_that_is_not_the_songs() -> None:
    parts = (step(1, source=True, title="Neon"), step(2, title="Night Bus"), step(3))
    text = embed_of(splice(source_title="Electric Dreams"), replace(AROUND, parts=parts))
    lines = (text.description or "").splitlines()
    assert lines[2:5] == [
        "1. 0:00 Neon",
        f"2. 1:00 [Night Bus]({LINKS}/2) · <@2>",
        f"3. 2:00 [“Silver cities”]({LINKS}/3) · <@3>",
    ]


def test_part_without_title_is_named_by_what_it_is() -> None:
    song = step(1, title="\u200b")
    assert song.extension is not None
    concatenated = replace(song.extension, kind=Kind.CONCAT)
    joined = replace(song, known=replace(song.known, letter="", lyrics=""), extension=concatenated)
    unsung = step(2, title="")
    silent = replace(unsung, known=replace(unsung.known, lyrics=""))
    text = embed_of(splice(), replace(AROUND, parts=(joined, silent))).description or ""
    assert f"\n1. 0:00 [full song]({LINKS}/1) · <@1>\n" in text
    assert f"\n2. 1:00 [instrumental]({LINKS}/2) · <@2>\n" in text


def test_removed_part_is_not_named() -> None:
    removed = replace(PARTS[1], known=replace(PARTS[1].known, is_removed=True))
    text = embed_of(splice(), replace(AROUND, parts=(PARTS[0], removed, PARTS[2]))).description
    assert "\n2. 2:04 a clip that was removed from the library · <@2>\n" in (text or "")


# Complete


def test_concatenated_song_tells_its_length() -> None:
    clip = playable("whole", duration=264.2, image_url="https://images.example/a.jpeg")
    embed = embed_of(concat(Status.COMPLETE, clip))
    assert embed.description == (f"4:24 · 3 parts\n\n{LISTED}")
    assert embed.thumbnail.url == "https://images.example/a.jpeg"
    assert embed.image.url is None


def test_song_length_is_that_of_its_clip() -> None:
    parts = (step(1, source=True, length=200.0), step(2, at=124.0, length=None))
    context = replace(AROUND, parts=parts)
    assert (embed_of(concat(Status.COMPLETE, playable()), context).description or "").startswith(
        "1:37 · 2 parts\n\n"
    )
    unknown = concat(Status.COMPLETE, playable(duration=None))
    assert (embed_of(unknown, context).description or "").startswith("1. 0:00 source\n")


@pytest.mark.parametrize(
    ("status", "lines"),
    [
        (Status.STREAMING, [f"Started <t:{STAMP}:R>"]),
        (Status.COMPLETE, []),
        (
            Status.EXPIRED,
            [
                (
                    "**suno-api accepted it but never finished.** "
                    "Press *Check again* to ask for the result once more; that costs nothing."
                )
            ],
        ),
    ],
)
def test_song_whose_link_no_button_can_carry_has_it_in_the_embed(
    status: Status, lines: list[str]
) -> None:
    url = "https://audio.example/" + "x" * 491
    text = embed_of(concat(status, playable(audio_url=url, duration=None)), UNTIMED).description
    assert (text or "").split("\n\n")[0].splitlines() == [*lines, f"[▶ Listen]({url})"]
    attached = replace(UNTIMED, attachments=(spliced(clip_id="a", duration=None, starts=()),))
    text = embed_of(concat(status, playable(audio_url=url, duration=None)), attached).description
    assert url not in (text or "")


def test_withdrawn_song_says_so() -> None:
    text = embed_of(concat(Status.COMPLETE, withdrawn("whole"))).description or ""
    assert text.startswith("1:37 · 3 parts\n-# finished, but Suno withdrew the link\n\n")


def test_song_says_that_its_audio_is_being_attached() -> None:
    context = replace(AROUND, is_audio_awaited=True)
    text = embed_of(concat(Status.COMPLETE, playable()), context).description or ""
    assert text.startswith("1:37 · 3 parts\n-# attaching the audio …\n\n")


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
    assert embed.description == f"4:24 · 3 parts\n\n{LISTED}"
    assert embed.image.url == "attachment://waveform.png"
    assert embed.thumbnail.url is None
    assert embed.footer.text == "Encore"


def test_song_encoded_at_a_low_bit_rate_says_so() -> None:
    context = replace(AROUND, attachments=(spliced(bit_rate=112_000),))
    text = embed_of(splice(Status.COMPLETE), context).description or ""
    assert text.startswith("4:24 · 3 parts\n-# attached at 112 kbit/s to fit\n\n1. ")


def test_song_without_its_beginning_names_the_missing_parts() -> None:
    carried = spliced(starts=(0.0, 80.0), duration=140.0, picture="")
    context = replace(AROUND, attachments=(carried,))
    embed = embed_of(splice(Status.COMPLETE), context)
    assert embed.description == (
        "2:20 · 2 parts\n"
        "-# without its beginning, whose audio can't be downloaded\n"
        "\n"
        f"1. 0:00 [“Silver cities”]({LINKS}/2) · <@2>\n"
        f"2. 1:20 [“Silver cities”]({LINKS}/3) · <@3>\n"
        f"-# Asked by <@{MEMBER}>"
    )
    assert embed.image.url is None


# Without a song


@pytest.mark.parametrize(
    ("ext", "words"),
    [
        (
            concat(Status.UNCONFIRMED),
            (
                "It may have been charged. Encore didn't send it again; "
                "ask a moderator before you press *Full song*."
            ),
        ),
        (
            concat(Status.EXPIRED),
            (
                "**suno-api accepted it but never finished.** "
                "Press *Check again* to ask for the result once more; that costs nothing."
            ),
        ),
        (concat(Status.CANCELLED), "Nothing was charged."),
        (
            concat(Status.FAILED),
            "**Something went wrong.** Press *Full song* to try once more.",
        ),
    ],
)
def test_final_status_of_a_song_comes_first(ext: Extension, words: str) -> None:
    assert embed_of(ext).description == f"{words}\n\n{LISTED}"


TELL = "Please tell whoever runs this bot."
LATER = "Press *Full song* later."
JOIN_HERE = "Press *Full song* to have Encore join them itself."
FAILURES = [
    (
        failures.Rejected("Not found."),
        f"**suno-api didn't join the parts:** *Not found.* {JOIN_HERE}",
    ),
    (failures.Rejected(), f"**suno-api didn't join the parts.** {JOIN_HERE}"),
    (
        failures.OutOfCredits(),
        f"**suno-api is out of credits.** Nothing was joined. {TELL} {LATER}",
    ),
    (
        failures.Unauthorized(),
        f"**suno-api rejected Encore's key.** Nothing was joined. {TELL} {LATER}",
    ),
    (
        failures.WrongAddress(),
        f"**suno-api isn't set up right here.** Nothing was joined. {TELL} {LATER}",
    ),
    (
        failures.SessionExpired(),
        f"**suno-api is signed out of Suno.** Nothing was joined. {TELL} {LATER}",
    ),
    (failures.RateLimited(), f"**suno-api is too busy.** Nothing was joined. {LATER}"),
    (failures.Unavailable(), f"**suno-api can't be reached.** Nothing was joined. {LATER}"),
    (
        failures.GenerationFailed("Too long."),
        f"**suno-api couldn't join the parts:** *Too long.* {JOIN_HERE}",
    ),
    (
        failures.NotPlayable(),
        "Press *Check again* to ask for a fresh link; that costs nothing.",
    ),
    (
        failures.PartUnavailable(2, "clip-2"),
        (
            "**The audio of part 2 can't be downloaded.** "
            "Its link may work again later: then press *Full song*."
        ),
    ),
    (
        failures.TooLarge(3723.4, 10 * 1024 * 1024),
        (
            "**The song is too large to attach.** It's 1:02:03 long, and even at 96 kbit/s "
            "that's more than the 10 MB that a file may have here. "
            "Pick an earlier clip with `/song`."
        ),
    ),
    (
        failures.AttachNotAllowed(),
        (
            "**Encore needs the *Attach Files* permission in this channel.** "
            "Ask a moderator to grant it, then press *Full song*."
        ),
    ),
    *(
        (failure, "**Something went wrong.** Press *Full song* to try once more.")
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
    assert [line.partition(".")[0] for line in lines[2:31]] == [str(n) for n in range(1, 30)]


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
SONG = ("💿 Full song", "ext:song:7")
CHECK = ("Check again", "ext:check:7")
LISTEN = ("▶ Listen", "https://audio.example/a.mp3")
TELL = ("🔔 Tell me", "ext:tell:7")


@pytest.mark.parametrize(
    ("ext", "rows"),
    [
        (concat(), [[TELL, ("Cancel", "ext:cancel:7")]]),
        (concat(Status.SUBMITTED), [[TELL]]),
        (splice(), [[TELL]]),
        (concat(Status.STREAMING, heard("a")), [[LISTEN], [TELL]]),
        (
            concat(Status.COMPLETE, playable("a"), handle=HANDLE),
            [[LISTEN], [("Extend", "clip:extend:a")]],
        ),
        (splice(Status.COMPLETE), [[("Extend", "clip:extend:song-7")]]),
        (failed(failures.Rejected()), [[SONG, DELETE]]),
        (splice(Status.FAILED), [[SONG, DELETE]]),
        (concat(Status.UNCONFIRMED), [[SONG, DELETE]]),
        (concat(Status.EXPIRED, handle=HANDLE), [[SONG, CHECK, DELETE]]),
        (concat(Status.EXPIRED, heard("a"), handle=HANDLE), [[LISTEN], [SONG, CHECK, DELETE]]),
        (concat(Status.CANCELLED), [[SONG, DELETE]]),
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
    assert buttons(clips_view(splice(Status.COMPLETE))) == [[("Extend", "clip:extend:song-7")]]


def test_song_endings_view_labels_clips_by_letter() -> None:
    known = [replace(step(number).known, letter=letter) for number, letter in ((1, "A"), (2, "B"))]
    assert buttons(song_endings_view(known)) == [
        [("💿 Song A", "clip:song:clip-1"), ("💿 Song B", "clip:song:clip-2")]
    ]
    odd = [replace(each, clip=replace(each.clip, id="a:b")) for each in known]
    assert song_endings_view(odd) is None
    assert buttons(song_endings_view([*odd, known[1]])) == [[("💿 Song B", "clip:song:clip-2")]]
