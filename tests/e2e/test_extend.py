from stage import BLURPLE, GREEN, ORANGE, YELLOW, Stage, colours, text


async def test_a_clip_is_extended_from_command_to_audio(stage: Stage, provider: str) -> None:
    reply = await stage.extend(provider, at="0:10")
    await stage.finished(reply)
    assert colours(reply) == [YELLOW, BLURPLE, ORANGE, GREEN]
    studio = stage.studio(provider)
    [submission] = studio.submissions
    assert reply.edits <= 6
    for clip_id in submission.clip_ids:
        assert f"{clip_id}.mp3" in text(reply)
    assert studio.violations == []
