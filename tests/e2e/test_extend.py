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


async def test_a_clip_is_extended_from_command_to_audio(harness: BotHarness, provider: str) -> None:
    reply = await harness.extend(provider, at="0:10")
    await harness.finished(reply)
    assert colours(reply) == [YELLOW, BLURPLE, ORANGE, GREEN]
    assert reply.edit_count <= 6
    account = harness.account(provider)
    [submission] = account.submissions
    assert len(submission.clip_ids) == 2
    greens = [shown for _, shown in reply.history if shown["embeds"][0]["color"] == GREEN]
    links = greens[0]["components"][0]["components"]
    assert [link["label"] for link in links] == ["▶ Listen A", "▶ Listen B"]
    for clip_id, link in zip(submission.clip_ids, links, strict=True):
        assert f"{clip_id}.mp3" in link["url"]
    assert f" · {harness.ada.mention}" in text(reply)
    assert reply.pinged == frozenset()


async def test_provider_gets_exactly_what_was_typed(harness: BotHarness, provider: str) -> None:
    opened = await harness.open_modal(provider, at="12.5", title="Night Bus II")
    assert opened.modal is not None
    fields = opened.modal.fields
    assert fields["lyrics"]["value"] == LYRICS
    assert fields["at"]["value"] == "0:12.5"
    assert fields["style"]["value"] == STYLE
    await harness.ada.submit(opened.modal, {"lyrics": "[Chorus]\nOther words", "title": "Third"})
    account = harness.account(provider)
    await harness.providers.wait_for(lambda: account.submissions)
    request = account.submissions[0].request
    assert request["prompt"] == "[Chorus]\nOther words"
    assert request["title"] == "Third"
    second, style = (
        ("continueAt", "style") if provider == "sunoapi_org" else ("continue_at", "tags")
    )
    assert float(request[second]) == 12.5
    assert request[style] in (STYLE, STYLE.split(", "))


async def test_the_end_is_looked_up_where_the_provider_can_tell(harness: BotHarness) -> None:
    reply = await harness.extend("sunoapi_com", at="end")
    await harness.finished(reply)
    [submission] = harness.account("sunoapi_com").submissions
    assert 23.9 < submission.request["continue_at"] < 24.0
    assert "at 0:24" in text(reply)


async def test_the_end_of_an_unknown_clip_must_be_said_where_nobody_can_tell(
    harness: BotHarness,
) -> None:
    reply = await harness.extend("sunosay")
    await harness.finished(reply)
    assert "enter the time yourself" in text(reply)
    assert harness.account("sunosay").submissions == []


async def test_an_extension_of_an_extension_knows_its_source(harness: BotHarness) -> None:
    first = await harness.extend("sunoapi_co", at="0:10", title="Long Road")
    await harness.finished(first)
    choices = await harness.ada.autocomplete("extend", focused="clip", value="long")
    assert [choice["name"].split(" · ")[:3] for choice in choices] == [
        ["Long Road", "part 2", "A"],
        ["Long Road", "part 2", "B"],
    ]
    assert choices[0]["name"].endswith(" · Ada, just now")
    clip = choices[1]["value"]
    times = await harness.ada.autocomplete("extend", focused="at", value="0:03", clip=clip)
    assert times[0]["name"] == "0:03"
    assert times[1]["name"].startswith("end (0:0")
    second = await harness.ada.slash("extend", clip=clip)
    assert second.modal is not None
    assert second.modal.title == "Extend “Long Road” · B"
    assert second.modal.fields["style"]["value"] == STYLE
    sent = await harness.ada.submit(second.modal)
    assert sent.message is not None
    assert f"[Long Road · part 2 · B]({first.url})" in text(sent.message)


async def test_a_reply_can_be_named_by_its_link(harness: BotHarness) -> None:
    first = await harness.extend("suno_api", at="0:10")
    await harness.finished(first)
    opened = await harness.ada.slash("extend", clip=first.url)
    assert opened.modal is not None
    await harness.ada.submit(opened.modal)
    account = harness.account("suno_api")
    await harness.providers.wait_for(lambda: len(account.submissions) == 2)
    assert account.submissions[1].request["audio_id"] == account.submissions[0].clip_ids[0]


async def test_extension_works_in_thread_and_direct_message(harness: BotHarness) -> None:
    thread = harness.discord.state.new_thread("part two", harness.discord.state.channel)
    replies = [
        await harness.extend("aimlapi", at="0:10", channel=place)
        for place in (thread, harness.ada.dm)
    ]
    for reply, place in zip(replies, (thread, harness.ada.dm), strict=True):
        await harness.finished(reply)
        assert reply.channel is place
        assert colours(reply)[-1] == GREEN


async def test_commands_are_synced_only_when_they_changed(offline_harness: BotHarness) -> None:
    def syncs() -> int:
        return sum(request.method == "PUT" for request in offline_harness.discord.requests)

    async with offline_harness.bot():
        assert syncs() == 1
    async with offline_harness.bot():
        assert syncs() == 1


async def test_options_are_those_of_the_enabled_providers(offline_harness: BotHarness) -> None:
    async def options() -> set[str]:
        async with offline_harness.bot():
            commands = offline_harness.discord.commands.all()
            [extend] = [each for each in commands if each["name"] == "extend"]
            return {option["name"] for option in extend["options"]}

    everything = await options()
    offline_harness.overrides |= dict.fromkeys(
        (
            "SUNO_API_BASE_URL",
            "SUNOAPI_CO_API_KEY",
            "SUNOSAY_API_KEY",
            "SUNOAPI_ORG_API_KEY",
        ),
        "",
    )
    assert everything - await options() == {"exclude", "model"}


async def test_models_are_those_of_the_provider_that_will_be_used(harness: BotHarness) -> None:
    clip = harness.source("suno_api")
    suno_api = await harness.ada.autocomplete(
        "extend", focused="model", value="", clip=clip, provider="suno_api"
    )
    assert "chirp-v4" in [choice["value"] for choice in suno_api]
    assert await harness.ada.autocomplete("extend", focused="model", value="", clip=clip) == []


async def test_newcomer_is_told_how_to_get_a_link(harness: BotHarness) -> None:
    [hint] = await harness.ada.autocomplete("extend", focused="clip", value="")
    assert hint["name"] == "Paste a song link: on suno.com, Share → Copy link"
    call = await harness.ada.slash("extend", clip=hint["value"])
    assert call.message is not None
    assert "You haven't picked a song yet." in text(call.message)
    call = await harness.ada.slash("extend", clip="ele", lyrics="my words")
    assert call.message is not None
    assert "I can't find “ele”." in text(call.message)
    assert "Paste a song link from suno.com, or pick from the list." in text(call.message)
    assert "my words" in text(call.message)


async def test_typed_words_find_clips_and_what_else_was_typed_is_kept(harness: BotHarness) -> None:
    reply = await harness.extend("aimlapi", at="0:10", title="Electric Dreams")
    await harness.finished(reply)
    for words in ("elec", LYRICS.splitlines()[1], "ADA"):
        call = await harness.ada.slash("extend", clip=words, lyrics="my words", at="0:03")
        assert call.is_ephemeral
        assert call.message is not None
        assert "Did you mean" in text(call.message)
        assert labels(call.message)[1].startswith("Electric Dreams · part 2 · B · ")
    opened = await harness.ada.click(call.message, labels(call.message)[1])
    assert opened.modal is not None
    assert opened.modal.title == "Extend “Electric Dreams” · B"
    fields = opened.modal.fields
    assert (fields["lyrics"]["value"], fields["at"]["value"]) == ("my words", "0:03")
    shown = await harness.ada.slash("clip", clip="elec")
    assert shown.message is not None
    details = await harness.ada.click(shown.message, labels(shown.message)[0])
    assert details.message is not None
    song = await harness.ada.slash("song", clip="elec")
    assert song.message is not None
    assert "Did you mean" in text(song.message)
