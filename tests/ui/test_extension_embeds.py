import datetime as dt
from dataclasses import replace
from typing import get_args

import discord
import pytest

from bot.domain import failures
from bot.domain.attachments import Attachment, AttachmentStatus
from bot.domain.failures import Failure
from bot.domain.models import Clip, ClipStatus, Extension, Status
from bot.services.reply_context import ReplyContext
from bot.ui.extension_embeds import extension_embeds, plain_embeds, refusal_embed
from bot.ui.failure_texts import attachment_notes
from tests.support.ui_samples import (
    AROUND,
    MEMBER,
    NOW,
    SOURCE,
    SOURCE_URL,
    STAMP,
    all_text,
    asked,
    assert_within_limits,
    extension,
    failed,
    heard,
    playable,
    withdrawn,
)

ASKED = (
    "> Silver cities\n"
    "> shine brightly\n"
    f"-# From [Electric Dreams]({SOURCE_URL}) at 2:04 · synthpop, dreamy · <@{MEMBER}>"
)
NEW = "A 1:37 new"
DEADLINE = STAMP + 15 * 60


def head_of(ext: Extension, context: ReplyContext = AROUND) -> discord.Embed:
    [embed] = extension_embeds(ext, context)
    return embed


def status_of(ext: Extension, context: ReplyContext = AROUND) -> list[str]:
    """Return the lines above the request; a blank line is between."""
    status, request = (head_of(ext, context).description or "").split("\n\n")
    assert request.startswith(ASKED)
    return status.splitlines()


@pytest.mark.parametrize(
    ("ext", "colour", "title"),
    [
        (extension(), 0xFEE75C, "⏳ Waiting"),
        (extension(Status.SUBMITTING), 0x5865F2, "📨 Submitted"),
        (extension(Status.SUBMITTED), 0x5865F2, "📨 Submitted"),
        (
            extension(Status.STREAMING, heard()),
            0xFFA500,
            "🎧 Streaming — listen while it finishes",
        ),
        (extension(Status.COMPLETE, playable()), 0x57F287, "✅ Electric Dreams · part 2"),
        (failed(failures.Rejected()), 0xED4245, "❌ Not extended"),
        (
            failed(failures.NotPlayable(), withdrawn()),
            0xED4245,
            "⚠️ Finished, but Suno withdrew the link",
        ),
        (extension(Status.UNCONFIRMED), 0xED4245, "⚠️ No clear answer from AIML API"),
        (extension(Status.EXPIRED), 0xED4245, "⌛ Gave up after 15 minutes"),
        (extension(Status.CANCELLED), 0x99AAB5, "🚫 Cancelled"),
    ],
)
def test_each_status_has_its_colour_and_title(ext: Extension, colour: int, title: str) -> None:
    head = head_of(ext)
    assert (head.colour, head.title) == (discord.Colour(colour), title)
    assert head.footer.text == "AIML API"
    assert head.description is not None
    assert ASKED in head.description
    assert_within_limits(extension_embeds(ext, AROUND))


def test_every_status_has_a_colour_in_the_table_above() -> None:
    [marker] = [
        mark
        for mark in test_each_status_has_its_colour_and_title.pytestmark
        if mark.name == "parametrize"
    ]
    assert {ext.status for ext, *_ in marker.args[1]} == {*Status}


@pytest.mark.parametrize(
    ("place", "words"),
    [
        (1, "1st"),
        (2, "2nd"),
        (3, "3rd"),
        (4, "4th"),
        (11, "11th"),
        (12, "12th"),
        (13, "13th"),
        (21, "21st"),
        (111, "111th"),
        (1002, "1,002nd"),
    ],
)
def test_waiting_extension_shows_its_queue_position(place: int, words: str) -> None:
    head = head_of(extension(), ReplyContext(label="AIML API", queue_position=place))
    assert head.title == f"⏳ Waiting · {words} in line"


def test_waiting_extension_shows_only_its_request() -> None:
    assert head_of(extension()).description == ASKED


@pytest.mark.parametrize(
    ("failure", "words"),
    [
        (
            failures.Unavailable(),
            "AIML API can't be reached; next try {}. Nothing has been charged yet.",
        ),
        (
            failures.RateLimited(),
            "AIML API asked Encore to wait; next try {}. Nothing has been charged yet.",
        ),
    ],
)
def test_postponed_extension_says_why_and_until_when(failure: Failure, words: str) -> None:
    ext = extension(failure=failure, due_at=NOW + dt.timedelta(seconds=40))
    assert status_of(ext) == [words.format(f"<t:{STAMP + 40}:R>")]


STEPS = "✓ Submitted → Streaming → Complete"


@pytest.mark.parametrize("status", [Status.SUBMITTING, Status.SUBMITTED])
def test_submitted_extension_shows_steps_and_start(status: Status) -> None:
    assert status_of(extension(status)) == [STEPS, f"Started <t:{STAMP}:R>"]


def test_streaming_extension_is_at_the_second_step() -> None:
    ext = extension(Status.STREAMING, heard())
    assert status_of(ext) == [
        "✓ Submitted → ✓ Streaming → Complete",
        f"Started <t:{STAMP}:R>",
    ]


def test_interrupted_submission_says_that_its_outcome_is_looked_for() -> None:
    ext = extension(Status.SUBMITTING, failure=failures.Unconfirmed())
    assert head_of(ext).title == "📨 Submitted"
    assert status_of(ext) == ["AIML API gave no clear answer; looking whether it took the request."]


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(45, "less than a minute"), (60, "1–2 minutes"), (150, "2–3 minutes")],
)
def test_typical_duration_is_shown_once_known(seconds: int, words: str) -> None:
    context = replace(AROUND, typical_duration=dt.timedelta(seconds=seconds))
    assert status_of(extension(Status.SUBMITTED), context) == [
        STEPS,
        f"Started <t:{STAMP}:R> · usually {words}",
    ]


@pytest.mark.parametrize("status", [Status.SUBMITTED, Status.STREAMING])
def test_late_extension_says_how_long_it_is_asked_for(status: Status) -> None:
    context = replace(AROUND, typical_duration=dt.timedelta(minutes=2), is_late=True)
    assert status_of(extension(status), context)[1:] == [
        f"Started <t:{STAMP}:R>",
        f"Taking longer than usual; Encore keeps asking until <t:{DEADLINE}:t>.",
    ]


def test_unconfirmed_extension_says_that_a_search_found_nothing() -> None:
    ext = extension(Status.UNCONFIRMED, failure=failures.Unconfirmed(is_searched=True))
    assert status_of(ext) == [
        (
            "AIML API has no trace of it, so it was probably not charged. "
            "Encore didn't send it again: press *Edit & send* to try once more."
        )
    ]


def test_unconfirmed_extension_warns_of_paying_twice() -> None:
    [warning] = status_of(extension(Status.UNCONFIRMED))
    assert warning == (
        "It may have been charged. Encore didn't send it again; ask a moderator before you "
        "press *Edit & send*."
    )


def test_expired_extension_offers_to_check_again() -> None:
    assert status_of(extension(Status.EXPIRED)) == [
        (
            "**AIML API accepted it but never finished.** "
            "Press *Check again* to ask for the result once more; that costs nothing."
        )
    ]


@pytest.mark.parametrize(
    ("minutes", "words"), [(0.2, "1 minute"), (1, "1 minute"), (2, "2 minutes")]
)
def test_expired_extension_says_how_long_it_waited(minutes: float, words: str) -> None:
    ext = extension(Status.EXPIRED, deadline_at=NOW + dt.timedelta(minutes=minutes))
    assert head_of(ext).title == f"⌛ Gave up after {words}"


def test_cancelled_extension_says_that_nothing_was_charged() -> None:
    assert status_of(extension(Status.CANCELLED)) == ["Nothing was charged."]


TELL = "Please tell whoever runs this bot."
LATER = "What you typed is kept: press *Edit & send* later."
WRONG = "**Something went wrong.** What you typed is kept: press *Edit & send* to try once more."
FAILURES = [
    (
        failures.Rejected("Prompt flagged for moderation."),
        (
            "**AIML API didn't accept the lyrics:** *Prompt flagged for moderation.* "
            "Change them and press *Edit & send*."
        ),
    ),
    (
        failures.Rejected("Tags too long"),
        (
            "**AIML API didn't accept the style:** *Tags too long.* "
            "Change it and press *Edit & send*."
        ),
    ),
    (
        failures.Rejected("Bad title!"),
        "**AIML API didn't accept the title:** *Bad title!* Change it and press *Edit & send*.",
    ),
    (
        failures.Rejected("Continue_at is invalid"),
        (
            "**AIML API didn't accept the request:** *Continue\\_at is invalid.* "
            "Change *Continue at* and press *Edit & send*."
        ),
    ),
    (
        failures.Rejected("No."),
        (
            "**AIML API didn't accept the request:** *No.* "
            "Change the lyrics or the style and press *Edit & send*."
        ),
    ),
    (
        failures.Rejected(),
        (
            "**AIML API didn't accept the request.** It didn't say why. "
            "Change the lyrics or the style and press *Edit & send*."
        ),
    ),
    (
        failures.OutOfCredits(),
        f"**AIML API is out of credits.** Nothing was generated. {TELL} {LATER}",
    ),
    (
        failures.Unauthorized(),
        f"**AIML API rejected Encore's key.** Nothing was generated. {TELL} {LATER}",
    ),
    (
        failures.WrongAddress(),
        f"**AIML API isn't set up right here.** Nothing was generated. {TELL} {LATER}",
    ),
    (
        failures.SessionExpired(),
        f"**AIML API is signed out of Suno.** Nothing was generated. {TELL} {LATER}",
    ),
    (failures.RateLimited(), f"**AIML API is too busy.** Nothing was generated. {LATER}"),
    (failures.Unavailable(), f"**AIML API can't be reached.** Nothing was generated. {LATER}"),
    (
        failures.GenerationFailed("Too rude."),
        (
            "**AIML API couldn't finish it:** *Too rude.* "
            "Change the lyrics or the style and press *Edit & send*."
        ),
    ),
    (
        failures.GenerationFailed(),
        "**AIML API couldn't finish it.** Change the lyrics or the style and press *Edit & send*.",
    ),
    (
        failures.NotPlayable(),
        "Press *Check again* to ask for a fresh link; that costs nothing.",
    ),
    (
        failures.LengthUnknown(),
        (
            "**AIML API can't tell how long that clip is.** Nothing was sent. Press "
            "*Edit & send* and enter the time yourself under *Continue at*, such as `1:30`."
        ),
    ),
    (
        failures.PastTheEnd(192.9),
        (
            "**That's past the end.** Nothing was sent. The clip is 3:12 long. "
            "Press *Edit & send* and pick an earlier time, or leave *Continue at* empty."
        ),
    ),
    (
        failures.Forgotten(),
        (
            "**The AIML API server forgot this request, probably because it was restarted.** "
            "Nothing was charged. What you typed is kept: press *Edit & send* to try once more."
        ),
    ),
    (
        failures.SourceUnavailable(),
        (
            "**The clip's audio can't be downloaded,** and AIML API needs it. Nothing was sent. "
            "Download it where it was made, and upload it with `/extend file:`; "
            "*Edit & send* shows what you typed."
        ),
    ),
    (
        failures.SourceUnavailable(is_file=True),
        (
            "**Encore doesn't have that file any more.** Nothing was sent. Upload it again with "
            "`/extend file:`; *Edit & send* shows what you typed."
        ),
    ),
    (
        failures.SongTooLong(540.0),
        (
            "**The song would be too long for AIML API.** Nothing was sent. Press "
            "*Edit & send* and continue at 9:00 or earlier."
        ),
    ),
    (
        failures.UnknownClip(),
        (
            "**AIML API doesn't know this clip.** Only clips made through AIML API work there. "
            "Pick one of those with `/extend`. "
            "*Edit & send* shows what you typed."
        ),
    ),
    (failures.Unexpected(), WRONG),
    (failures.Unconfirmed(), WRONG),
]


@pytest.mark.parametrize(("failure", "sentence"), FAILURES)
def test_each_failure_has_its_sentence(failure: Failure, sentence: str) -> None:
    clips = (withdrawn("a"), withdrawn("b")) if failure == failures.NotPlayable() else ()
    assert status_of(failed(failure, *clips)) == [sentence]


def test_operator_is_named_where_only_they_can_help() -> None:
    context = replace(AROUND, operator="<@42>")
    description = head_of(failed(failures.Unauthorized()), context).description or ""
    assert "Nothing was generated. Please tell <@42>. What" in description


def test_unconfirmed_extension_of_a_free_service_was_not_charged() -> None:
    ext = extension(Status.UNCONFIRMED, failure=failures.Unconfirmed())
    said = head_of(ext, replace(AROUND, is_free=True)).description or ""
    assert "press *Edit & send* to try once more; that costs nothing." in said
    assert "charged" not in said


def test_failed_generation_of_a_free_service_is_not_put_down_to_the_words() -> None:
    ext = failed(failures.GenerationFailed("CUDA out of memory."))
    said = head_of(ext, replace(AROUND, is_free=True)).description or ""
    assert said.startswith(
        "**AIML API couldn't finish it:** *CUDA out of memory.* "
        "What you typed is kept: press *Edit & send* to try once more."
    )


@pytest.mark.parametrize("outcome", [each for each in AttachmentStatus if each.value != "attached"])
def test_clip_without_a_public_link_is_not_said_to_have_one(outcome: AttachmentStatus) -> None:
    attachments = {"A": Attachment(clip_id="a", outcome=outcome)}
    [note] = attachment_notes(attachments, has_link=False)
    assert "link" not in note
    assert attachment_notes(attachments) != [note]


def test_unknown_clip_without_lyrics_returns_none() -> None:
    ext = asked(failed(failures.UnknownClip()), lyrics="")
    assert "/reply" not in (head_of(ext).description or "")


def test_unknown_clip_leads_to_other_providers() -> None:
    context = replace(AROUND, other_providers={"suno_api": "suno-api"})
    assert status_of(failed(failures.UnknownClip()), context) == [
        (
            "**AIML API doesn't know this clip.** Only clips made through AIML API work there. "
            "Try another service; the form keeps what you typed:"
        )
    ]


def test_refusal_of_one_provider_leads_to_the_others() -> None:
    context = replace(AROUND, other_providers={"suno_api": "suno-api"})
    shown = head_of(failed(failures.OutOfCredits()), context).description or ""
    assert "**AIML API is out of credits.**" in shown
    assert "\nOr try another service; the form keeps what you typed:\n" in shown


def test_no_failure_of_a_part_is_without_a_sentence() -> None:
    of_songs = {failures.PartUnavailable, failures.TooLarge, failures.AttachNotAllowed}
    assert {type(failure) for failure, _ in FAILURES} == {*get_args(Failure)} - of_songs


def test_failed_without_a_failure_is_told_as_well() -> None:
    assert "Something went wrong" in (head_of(extension(Status.FAILED)).description or "")


# What was asked


@pytest.mark.parametrize(
    ("second", "words"), [(None, "the end"), (124.34, "2:04.3"), (119.99, "2:00"), (5, "0:05")]
)
def test_continue_at_is_shown_in_tenths(second: float | None, words: str) -> None:
    description = head_of(asked(extension(), continue_at=second)).description
    assert f" at {words} · synthpop" in (description or "").splitlines()[-1]


@pytest.mark.parametrize(
    ("clip_id", "name"),
    [
        (SOURCE, f"[a Suno clip](https://suno.com/song/{SOURCE})"),
        ("m_" + SOURCE, "a clip"),
        ("task-7", "a clip"),
    ],
)
def test_source_without_title_shows_no_id(clip_id: str, name: str) -> None:
    ext = extension(source_title="", source_url=None)
    description = head_of(asked(ext, clip_id=clip_id)).description
    assert (description or "").splitlines()[-1].startswith(f"-# From {name} at 2:04")


def test_source_without_title_is_linked_to_its_reply() -> None:
    description = head_of(extension(source_title="")).description or ""
    assert f"From [a Suno clip]({SOURCE_URL}) at 2:04" in description


@pytest.mark.parametrize("lyrics", ["", "[Instrumental]"])
def test_extension_without_sung_lyrics_is_instrumental(lyrics: str) -> None:
    description = head_of(asked(extension(), lyrics=lyrics)).description
    assert description == (
        f"-# From [Electric Dreams]({SOURCE_URL}) at 2:04 · synthpop, dreamy · instrumental"
        f" · <@{MEMBER}>"
    )


def test_extension_without_style_names_none() -> None:
    description = head_of(asked(extension(), style=())).description or ""
    assert description.endswith(f" at 2:04 · <@{MEMBER}>")


@pytest.mark.parametrize(
    ("lyrics", "shown"),
    [
        ("one\n\ntwo\nthree\nfour\nfive", ["one", "two", "three", "four …"]),
        ("[Verse]\none\n[Chorus]\ntwo\n[Outro]", ["one", "two"]),
        ("x" * 301, ["x" * 299 + "…"]),
        ("x" * 301 + "\na\nb\nc\nd", ["x" * 299 + "…"]),
    ],
)
def test_four_sung_lines_are_quoted(lyrics: str, shown: list[str]) -> None:
    description = head_of(asked(extension(), lyrics=lyrics)).description or ""
    quoted = [line for line in description.splitlines() if line.startswith("> ")]
    assert quoted == [f"> {line}" for line in shown]


# The clips


def test_complete_extension_tells_its_lengths_and_that_of_the_song() -> None:
    ext = extension(Status.COMPLETE, playable("a"), playable("b", duration=88.97))
    assert status_of(ext) == ["A 1:37 · B 1:28 new"]
    assert status_of(ext, replace(AROUND, song_start=64.3)) == [
        "A 1:37 · B 1:28 new · song so far 2:41"
    ]


def test_lengths_that_nobody_knows_are_left_out() -> None:
    ext = extension(Status.COMPLETE, playable("a", duration=None))
    assert head_of(ext, replace(AROUND, song_start=1.0)).description == ASKED
    twins = replace(ext, clips=(*ext.clips, playable("b")))
    assert status_of(twins) == ["B 1:37 new"]


def test_cover_of_the_first_clip_that_has_one_is_the_thumbnail() -> None:
    image = "https://images.example/b.jpeg"
    clips = (heard("a"), heard("b", image_url=image))
    for status in (Status.STREAMING, Status.COMPLETE):
        assert head_of(extension(status, *clips)).thumbnail.url == image
    assert head_of(extension(Status.EXPIRED, *clips)).thumbnail.url is None


@pytest.mark.parametrize(
    ("twin", "words"),
    [
        (withdrawn("b"), "finished, but Suno withdrew the link"),
        (Clip(id="b", status=ClipStatus.FAILED, error="Too rude."), "failed: *Too rude.*"),
        (Clip(id="b", status=ClipStatus.FAILED), "failed"),
        (Clip(id="b", status=ClipStatus.STREAMING), "not finished"),
    ],
)
def test_clip_without_audio_says_why(twin: Clip, words: str) -> None:
    ext = extension(Status.COMPLETE, playable("a"), twin)
    assert status_of(ext) == [NEW, f"-# B: {words}"]


@pytest.mark.parametrize(
    "status", [each for each in Status if each not in (Status.STREAMING, Status.COMPLETE)]
)
def test_other_statuses_show_no_clips(status: Status) -> None:
    assert "1:37" not in (head_of(extension(status, playable())).description or "")


def test_extension_without_title_is_untitled() -> None:
    ext = extension(Status.COMPLETE, playable(title=""), source_title="")
    assert head_of(ext).title == "✅ Untitled · part 2"
    unseen = extension(Status.COMPLETE, playable(title="\u200b\u202e"), source_title="")
    assert head_of(unseen).title == "✅ Untitled · part 2"


TOO_LONG_FOR_A_BUTTON = "https://audio.example/" + "x" * 491


@pytest.mark.parametrize("status", [Status.STREAMING, Status.COMPLETE, Status.EXPIRED])
def test_link_that_no_button_can_carry_is_in_the_embed(status: Status) -> None:
    ext = extension(status, playable("a"), playable("b", audio_url=TOO_LONG_FOR_A_BUTTON))
    assert status_of(ext)[-1] == f"[▶ Listen B]({TOO_LONG_FOR_A_BUTTON})"
    assert "Listen A" not in (head_of(ext).description or "")


def test_link_with_markdown_characters_is_encoded() -> None:
    ext = extension(Status.COMPLETE, playable(audio_url=TOO_LONG_FOR_A_BUTTON + "(a b)<@1>\\"))
    assert status_of(ext)[-1].endswith("x%28a%20b%29%3C@1%3E%5C)")


def test_link_that_is_too_long_for_an_embed_is_left_out() -> None:
    clip = playable(audio_url="https://audio.example/" + "x" * 2400)
    ext = extension(Status.COMPLETE, clip)
    assert status_of(ext)[-1] == "-# Listen A: its link is too long to be shown"


# Other embeds


@pytest.mark.parametrize("status", Status)
def test_plain_embeds_contain_no_text_from_outside_but_ids(status: Status) -> None:
    ext = extension(status, playable("clip-a", title="SECRET"), source_title="SECRET")
    embeds = plain_embeds(asked(ext, lyrics="SECRET", title="SECRET"), AROUND)
    assert_within_limits(embeds)
    assert "SECRET" not in all_text(embeds)
    assert embeds[0].title == f"Extension 7: {status}"
    assert embeds[0].description == f"asked by <@{MEMBER}>\n`clip-a`"
    assert embeds[0].colour == head_of(ext).colour


def test_refusal_embed_is_red_and_has_two_lines() -> None:
    embed = refusal_embed("That's past the end.", "Pick another one.")
    assert embed.colour == discord.Colour(0xED4245)
    assert embed.description == "**That's past the end.**\nPick another one."
