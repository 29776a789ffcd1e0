"""A member sees what is kept of them, takes it along, and has it deleted."""

import json

from tests.support.bot_harness import LYRICS, BotHarness, labels, text


async def test_a_member_downloads_and_deletes_their_data(harness: BotHarness) -> None:
    ada = harness.ada
    await harness.finished(await harness.extend("suno_api"))
    asked = await ada.slash("privacy")
    assert asked.is_ephemeral
    assert "- 1 request, with its style and lyrics" in text(asked.message)
    assert labels(asked.message) == ["Download", "🗑️ Delete my data"]
    sent = await ada.click(asked.message, "Download")
    [file] = sent.message.attachments
    data = json.loads(file.content)
    assert [row["lyrics"] for row in data["extensions"]] == [LYRICS]
    question = await ada.click(asked.message, "🗑️ Delete my data")
    assert "This can't be undone." in text(question.message)
    done = await ada.click(question.message, "Delete my data")
    assert "Encore keeps nothing about you any more." in text(done.message)
    again = await ada.slash("privacy")
    assert "Encore keeps nothing about you." in text(again.message)
    library = await ada.slash("library")
    assert "Electric" not in text(library.message)


async def test_what_goes_on_is_told(harness: BotHarness) -> None:
    ada = harness.ada
    asked = await ada.slash("privacy")
    assert labels(asked.message) == []
    reply = await harness.extend("suno_api")
    shown = await ada.slash("privacy")
    question = await ada.click(shown.message, "🗑️ Delete my data")
    done = await ada.click(question.message, "Delete my data")
    assert "1 thing is still in progress" in text(done.message)
    await harness.finished(reply)
