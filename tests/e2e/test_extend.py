"""From `/extend` to the audio, as a member sees it."""

from tests.support.bot_harness import (
    BLURPLE,
    GREEN,
    LYRICS,
    ORANGE,
    STYLE,
    YELLOW,
    BotHarness,
    colours,
    labels,
    text,
)


async def test_a_clip_is_extended_from_command_to_audio(stage: BotHarness, provider: str) -> None:
    reply = await stage.extend(provider, at="0:10")
    await stage.finished(reply)
    assert colours(reply) == [YELLOW, BLURPLE, ORANGE, GREEN]
    assert reply.edit_count <= 6
    studio = stage.studio(provider)
    [submission] = studio.submissions
    assert len(submission.clip_ids) == 2
    for clip_id in submission.clip_ids:
        assert f"{clip_id}.mp3" in text(reply)
    assert labels(reply)[:2] == ["▶ Listen A", "▶ Listen B"]
    assert f"asked by {stage.ada.mention}" in text(reply)
    assert reply.pinged == frozenset()


async def test_what_was_typed_is_what_the_provider_gets(stage: BotHarness, provider: str) -> None:
    opened = await stage.open_modal(provider, at="12.5", title="Night Bus II")
    assert opened.modal is not None
    fields = opened.modal.fields
    assert fields["lyrics"]["value"] == LYRICS
    assert fields["at"]["value"] == "0:12.5"
    assert fields["style"]["value"] == STYLE
    await stage.ada.submit(opened.modal, {"lyrics": "[Chorus]\nOther words", "title": "Third"})
    studio = stage.studio(provider)
    await stage.providers.wait_for(lambda: studio.submissions)
    request = studio.submissions[0].request
    assert request["prompt"] == "[Chorus]\nOther words"
    assert request["title"] == "Third"
    assert float(request["continue_at"]) == 12.5
    assert request["tags"] in (STYLE, STYLE.split(", "))


async def test_the_end_is_looked_up_where_the_provider_can_tell(stage: BotHarness) -> None:
    reply = await stage.extend("sunoapi_com", at="end")
    await stage.finished(reply)
    [submission] = stage.studio("sunoapi_com").submissions
    assert 23.9 < submission.request["continue_at"] < 24.0
    assert "at 0:24" in text(reply)


async def test_the_end_of_an_unknown_clip_must_be_said_where_nobody_can_tell(
    stage: BotHarness,
) -> None:
    reply = await stage.extend("sunosay")
    await stage.finished(reply)
    assert "Say the second yourself" in text(reply)
    assert stage.studio("sunosay").submissions == []


async def test_an_extension_of_an_extension_knows_its_source(stage: BotHarness) -> None:
    first = await stage.extend("sunoapi_co", at="0:10", title="Long Road")
    await stage.finished(first)
    choices = await stage.ada.autocomplete("extend", focused="clip", value="long")
    assert [choice["name"].split(" · ")[:2] for choice in choices] == [
        ["Long Road", "A"],
        ["Long Road", "B"],
    ]
    clip = choices[1]["value"]
    times = await stage.ada.autocomplete("extend", focused="at", value="0:03", clip=clip)
    assert times[0]["name"] == "0:03"
    assert times[1]["name"].startswith("end (0:0")
    second = await stage.ada.slash("extend", clip=clip)
    assert second.modal is not None
    assert second.modal.title == "Extend “Long Road”"
    assert second.modal.fields["style"]["value"] == STYLE
    sent = await stage.ada.submit(second.modal)
    assert sent.message is not None
    assert f"[Long Road]({first.url})" in text(sent.message)


async def test_a_reply_can_be_named_by_its_link(stage: BotHarness) -> None:
    first = await stage.extend("suno_api", at="0:10")
    await stage.finished(first)
    opened = await stage.ada.slash("extend", clip=first.url)
    assert opened.modal is not None
    await stage.ada.submit(opened.modal)
    studio = stage.studio("suno_api")
    await stage.providers.wait_for(lambda: len(studio.submissions) == 2)
    assert studio.submissions[1].request["audio_id"] == studio.submissions[0].clip_ids[0]


async def test_it_works_in_a_thread_and_in_a_direct_message(stage: BotHarness) -> None:
    thread = stage.discord.state.new_thread("part two", stage.discord.state.channel)
    replies = [
        await stage.extend("aimlapi", at="0:10", channel=place) for place in (thread, stage.ada.dm)
    ]
    for reply, place in zip(replies, (thread, stage.ada.dm), strict=True):
        await stage.finished(reply)
        assert reply.channel is place
        assert colours(reply)[-1] == GREEN


async def test_commands_are_synced_only_when_they_changed(offline_stage: BotHarness) -> None:
    def syncs() -> int:
        return sum(request.method == "PUT" for request in offline_stage.discord.requests)

    async with offline_stage.bot():
        assert syncs() == 1
    async with offline_stage.bot():
        assert syncs() == 1
