"""A member sees what is kept of them, takes it along, and has it deleted."""

import json
import sqlite3
from contextlib import closing

from tests.support.bot_harness import LYRICS, BotHarness, labels, text

TWO_DAYS = 2 * 86_400 * 1_000_000  # microseconds


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
    with closing(sqlite3.connect(harness.database)) as db, db:
        db.execute("UPDATE extensions SET created_at = created_at - ?", [TWO_DAYS])
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
    assert "1 left: requests of today, which count until tomorrow" in text(done.message)
    await harness.finished(reply)
