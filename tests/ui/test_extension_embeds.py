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
from bot.ui.failure_texts import attachment_note
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
    f"from [Electric Dreams]({SOURCE_URL}) at 2:04\n"
    "**Style** synthpop, dreamy\n"
    "> Silver cities\n"
    "> shine brightly\n"
    f"asked by <@{MEMBER}>"
)


def head_of(ext: Extension, context: ReplyContext = AROUND) -> discord.Embed:
    return extension_embeds(ext, context)[0]


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
        (extension(Status.COMPLETE, playable()), 0x57F287, "✅ Electric Dreams"),
        (failed(failures.Rejected()), 0xED4245, "❌ Not extended"),
        (extension(Status.UNCONFIRMED), 0xED4245, "⚠️ No answer from AIML API"),
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
        (failures.Unavailable(), "AIML API can't be reached; next try {}. Nothing has been sent."),
        (failures.RateLimited(), "AIML API asks to wait; next try {}. Nothing has been charged."),
    ],
)
def test_postponed_extension_says_why_and_until_when(failure: Failure, words: str) -> None:
    ext = extension(failure=failure, due_at=NOW + dt.timedelta(seconds=40))
    assert head_of(ext).description == f"{ASKED}\n{words.format(f'<t:{STAMP + 40}:R>')}"


@pytest.mark.parametrize("status", [Status.SUBMITTING, Status.SUBMITTED])
def test_submitted_extension_shows_steps_and_start(status: Status) -> None:
    steps = "Submitted ● Streaming ○ Complete ○"
    assert head_of(extension(status)).description == f"{ASKED}\n{steps}\nstarted <t:{STAMP}:R>"


def test_streaming_extension_is_at_the_second_step() -> None:
    description = head_of(extension(Status.STREAMING, heard())).description
    assert description == (f"{ASKED}\nSubmitted ● Streaming ● Complete ○\nstarted <t:{STAMP}:R>")


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(45, "less than a minute"), (60, "1–2 minutes"), (150, "2–3 minutes")],
)
def test_typical_duration_is_shown_once_known(seconds: int, words: str) -> None:
    context = ReplyContext(label="AIML API", typical_duration=dt.timedelta(seconds=seconds))
    description = head_of(extension(Status.SUBMITTED), context).description
    assert description is not None
    assert description.endswith(f"<t:{STAMP}:R> · usually ready in {words}")


def test_unconfirmed_extension_says_that_a_search_found_nothing() -> None:
    ext = extension(Status.UNCONFIRMED, failure=failures.Unconfirmed(is_searched=True))
    assert head_of(ext).description == (
        "**Nothing of it was found in the AIML API account, and it was not sent again.**\n"
        "It is unlikely to have been charged: *Edit & send* asks, and pays, once more.\n" + ASKED
    )


def test_unconfirmed_extension_warns_of_paying_twice() -> None:
    assert head_of(extension(Status.UNCONFIRMED)).description == (
        "**It may still have been charged. Encore did not send it again.**\n"
        "Look into the AIML API account first: *Edit & send* asks, and pays, once more.\n" + ASKED
    )


def test_expired_extension_offers_to_check_again() -> None:
    description = head_of(extension(Status.EXPIRED)).description
    assert description == (
        "**AIML API took it but never finished.**\n"
        "*Check again* asks for the result once more and costs nothing.\n" + ASKED
    )


@pytest.mark.parametrize(
    ("minutes", "words"), [(0.2, "1 minute"), (1, "1 minute"), (2, "2 minutes")]
)
def test_expired_extension_says_how_long_it_waited(minutes: float, words: str) -> None:
    ext = extension(Status.EXPIRED, deadline_at=NOW + dt.timedelta(minutes=minutes))
    assert head_of(ext).title == f"⌛ Gave up after {words}"


def test_cancelled_extension_says_that_nothing_was_sent() -> None:
    assert head_of(extension(Status.CANCELLED)).description == f"**Nothing was sent.**\n{ASKED}"


KEPT = "your lyrics are kept behind *Edit & send*."
FAILURES = [
    (
        failures.Rejected("Prompt flagged for moderation."),
        (
            "**AIML API did not accept the lyrics:** *Prompt flagged for moderation.* "
            "Change them and press *Edit & send*."
        ),
    ),
    (
        failures.Rejected("Tags too long."),
        (
            "**AIML API did not accept the style:** *Tags too long.* "
            "Change it and press *Edit & send*."
        ),
    ),
    (
        failures.Rejected("Bad title!"),
        "**AIML API did not accept the title:** *Bad title!* Change it and press *Edit & send*.",
    ),
    (
        failures.Rejected(),
        "**AIML API did not accept the request.** Change it and press *Edit & send*.",
    ),
    (
        failures.OutOfCredits(),
        (
            "**AIML API is out of credits.** Nothing was generated. "
            f"Ask who runs this bot to top up; {KEPT}"
        ),
    ),
    (
        failures.Unauthorized(),
        (
            "**AIML API does not let Encore in.** Nothing was generated. "
            f"Ask who runs this bot to look at the log; {KEPT}"
        ),
    ),
    (
        failures.SessionExpired(),
        (
            "**AIML API is signed out of Suno.** Nothing was generated. "
            f"The operator of this bot has to renew its session; {KEPT}"
        ),
    ),
    (
        failures.RateLimited(),
        f"**AIML API is too busy.** Nothing was generated. Try again in a while; {KEPT}",
    ),
    (
        failures.Unavailable(),
        f"**AIML API can't be reached.** Nothing was sent. Try again later; {KEPT}",
    ),
    (
        failures.GenerationFailed("Too rude."),
        (
            "**AIML API could not finish it:** *Too rude.* "
            "Change the lyrics or the style and press *Edit & send*."
        ),
    ),
    (
        failures.GenerationFailed(),
        "**AIML API could not finish it.** Change the lyrics or the style and press *Edit & send*.",
    ),
    (
        failures.NotPlayable(),
        (
            "**Finished, but it can't be played:** Suno has withdrawn the link. Clip `a` `b`. "
            "*Check again* asks for a fresh link and costs nothing."
        ),
    ),
    (
        failures.LengthUnknown(),
        (
            "**AIML API can't tell how long that clip is.** Nothing was sent. "
            "Say the second yourself: press *Edit & send* and fill in *Continue at*."
        ),
    ),
    (
        failures.PastTheEnd(192.4),
        (
            "**That time lies past the end.** Nothing was sent. The clip is 3:12 long; "
            "press *Edit & send* and pick a time before that, or `end`."
        ),
    ),
    (
        failures.Forgotten(),
        (
            "**The AIML API server forgot this request, probably because it was restarted.** "
            f"Nothing was charged. Press *Edit & send* to ask again; {KEPT}"
        ),
    ),
    (
        failures.SourceUnavailable(),
        (
            "**The audio of that clip can't be had,** and AIML API needs it. Nothing was sent. "
            f"Download it where it was made, and upload it with `/extend file:`; {KEPT}"
        ),
    ),
    (
        failures.SourceUnavailable(is_file=True),
        (
            "**Encore doesn't have that file any more.** Nothing was sent. Upload it again with "
            f"`/extend file:`; {KEPT}"
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
            "*Edit & send* shows what was typed."
        ),
    ),
    (
        failures.Unexpected(),
        f"**Something went wrong.** Press *Edit & send* to try once more; {KEPT}",
    ),
    (
        failures.Unconfirmed(),
        f"**Something went wrong.** Press *Edit & send* to try once more; {KEPT}",
    ),
]


@pytest.mark.parametrize(("failure", "sentence"), FAILURES)
def test_each_failure_has_its_sentence(failure: Failure, sentence: str) -> None:
    clips = (withdrawn("a"), withdrawn("b")) if failure == failures.NotPlayable() else ()
    assert head_of(failed(failure, *clips)).description == f"{sentence}\n{ASKED}"


def test_unconfirmed_extension_of_a_free_service_was_not_charged() -> None:
    ext = extension(Status.UNCONFIRMED, failure=failures.Unconfirmed())
    said = head_of(ext, replace(AROUND, is_free=True)).description or ""
    assert "It costs nothing: *Edit & send* asks once more." in said
    assert "charged" not in said


@pytest.mark.parametrize("outcome", [each for each in AttachmentStatus if each.value != "attached"])
def test_clip_without_a_public_link_is_not_said_to_have_one(outcome: AttachmentStatus) -> None:
    [note] = attachment_note(Attachment(clip_id="a", outcome=outcome), has_link=False)
    assert "link" not in note
    assert attachment_note(Attachment(clip_id="a", outcome=outcome)) != [note]


def test_unknown_clip_without_lyrics_returns_none() -> None:
    ext = asked(failed(failures.UnknownClip()), lyrics="")
    assert "/reply" not in (head_of(ext).description or "")


def test_unknown_clip_leads_to_other_providers() -> None:
    context = replace(AROUND, other_providers={"suno_api": "suno-api"})
    assert head_of(failed(failures.UnknownClip()), context).description == (
        "**AIML API doesn't know this clip.** Only clips made through AIML API work there. "
        f"Try another service; the form keeps what was typed:\n{ASKED}"
    )


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
    assert (description or "").splitlines()[0].endswith(f" at {words}")


def test_source_without_title_is_named_by_its_id() -> None:
    ext = extension(source_title="", source_url=None)
    description = head_of(asked(ext, clip_id="m_" + SOURCE)).description
    assert (description or "").splitlines()[0] == f"from `m_{SOURCE}` at 2:04"


def test_extension_without_lyrics_is_instrumental() -> None:
    assert "\n*Instrumental*\n" in (head_of(asked(extension(), lyrics="")).description or "")


def test_extension_without_style_has_no_style_line() -> None:
    assert "Style" not in (head_of(asked(extension(), style=())).description or "")


def test_lyrics_are_quoted_up_to_four_lines() -> None:
    lyrics = "one\n\ntwo\nthree\nfour\nfive"
    description = head_of(asked(extension(), lyrics=lyrics)).description or ""
    quoted = [line for line in description.splitlines() if line.startswith("> ")]
    assert quoted == ["> one", "> two", "> three", "> four", "> …"]


# The clips


def test_complete_extension_has_an_embed_for_each_clip() -> None:
    image = "https://images.example/b.jpeg"
    ext = extension(Status.COMPLETE, playable("a"), playable("b", image_url=image, duration=180.0))
    _, first, second = extension_embeds(ext, AROUND)
    assert first.description == (
        "**A · Electric Dreams** · 1:37\n[▶ Listen](https://audio.example/a.mp3)"
    )
    assert second.description == (
        "**B · Electric Dreams** · 3:00\n[▶ Listen](https://audio.example/b.mp3)"
    )
    assert (first.thumbnail.url, second.thumbnail.url) == (None, image)


def test_streaming_extension_has_embeds_only_for_audible_clips() -> None:
    silent = Clip(id="b", status=ClipStatus.QUEUED)
    embeds = extension_embeds(extension(Status.STREAMING, heard(), silent), AROUND)
    assert [embed.description for embed in embeds[1:]] == [
        "**A · Electric Dreams**\n[▶ Listen while it streams](https://audio.example/a.mp3)"
    ]


@pytest.mark.parametrize(
    ("twin", "words"),
    [
        (
            withdrawn("b"),
            "Finished, but its link was withdrawn and can't be played. Its id: `b`",
        ),
        (Clip(id="b", status=ClipStatus.FAILED, error="Too rude."), "Failed: *Too rude.*"),
        (Clip(id="b", status=ClipStatus.FAILED), "Failed."),
        (Clip(id="b", status=ClipStatus.STREAMING), "Not finished."),
    ],
)
def test_clip_without_audio_says_why(twin: Clip, words: str) -> None:
    *_, last = extension_embeds(extension(Status.COMPLETE, playable("a"), twin), AROUND)
    assert (last.description or "").splitlines()[1] == words


@pytest.mark.parametrize(
    "status", [each for each in Status if each not in (Status.STREAMING, Status.COMPLETE)]
)
def test_other_statuses_show_no_clips(status: Status) -> None:
    assert len(extension_embeds(extension(status, playable()), AROUND)) == 1


def test_extension_without_title_is_untitled() -> None:
    ext = extension(Status.COMPLETE, playable(title=""), source_title="")
    assert head_of(ext).title == "✅ Untitled"
    unseen = extension(Status.COMPLETE, playable(title="\u200b\u202e"), source_title="")
    assert head_of(unseen).title == "✅ Untitled"


def test_link_with_markdown_characters_is_encoded() -> None:
    clip = playable(audio_url="https://audio.example/(a b)<@1>\\")
    *_, last = extension_embeds(extension(Status.COMPLETE, clip), AROUND)
    link = "https://audio.example/%28a%20b%29%3C@1%3E%5C"
    assert (last.description or "").endswith(f"[▶ Listen]({link})")


def test_link_that_is_too_long_is_replaced_by_the_id() -> None:
    clip = playable(audio_url="https://audio.example/" + "x" * 2400)
    *_, last = extension_embeds(extension(Status.COMPLETE, clip), AROUND)
    assert (last.description or "").endswith("Its id: `a`")


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
    embed = refusal_embed("That time lies past the end.", "Pick another one.")
    assert embed.colour == discord.Colour(0xED4245)
    assert embed.description == "**That time lies past the end.**\nPick another one."
