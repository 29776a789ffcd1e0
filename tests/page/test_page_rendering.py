"""What the page renders and sends, with a scripted bot in a real browser."""

import re

import pytest
from playwright.async_api import Page, expect

from sandbox.discord.models import Upload
from sandbox.discord.permissions import Permission
from sandbox.discord.protocol import ChannelType
from sandbox.discord.server import DiscordServer
from tests.support.scripted_bot import CHOICES, EPHEMERAL, MESSAGE, MODAL, Payload, ScriptedBot

# text, what in it to look at, and what that says
MARKDOWN = [
    ("**bold** and *italic*", "strong", "bold"),
    ("**bold** and *italic*", "em", "italic"),
    ("__under__ ~~gone~~", "u", "under"),
    ("__under__ ~~gone~~", "s", "gone"),
    ("***both***", "em strong, strong em", "both"),
    ("some_snake_case _but this_", "em", "but this"),
    ("2 * 3 * 4 = **24**", "strong", "24"),
    ("`**not bold**`", "code", "**not bold**"),
    ("```py\nprint(1)\n```", "pre", "print(1)"),
    ("> quoted\n> twice\nafter", "blockquote", "quoted\ntwice"),
    ("- one\n- two\n  - three", "li li", "three"),
    ("1. one\n2. two", "ol li:nth-child(2)", "two"),
    ("# Title\ntext", ".h1", "Title"),
    (r"\*not italic\* **x**", "strong", "x"),
    ("[Listen](https://example.com/a_b_c)", 'a[href="https://example.com/a_b_c"]', "Listen"),
    (
        "https://example.com/a_(b).",
        'a[href="https://example.com/a_(b)"]',
        "https://example.com/a_(b)",
    ),
    ("<t:0:D>", "time", "January 1, 1970"),
    ("@everyone", ".mention", "@everyone"),
    ("**unclosed `code` *x*", "em", "x"),
    ("- a\n1. b", "ol li", "b"),
]
RIGHTMOST = """message => Math.max(...[...message.querySelectorAll('.embed, .button, .md')]
    .map(each => each.getBoundingClientRect().right))"""

pytestmark = pytest.mark.asyncio(loop_scope="session")

HOSTILE = '<img src=x onerror="document.title=1"><script>document.title=2</script>'


def text_response(text: str, **more: object) -> Payload:
    return {"type": MESSAGE, "data": {"content": text, **more}}


async def test_command_is_hidden_from_who_may_not_use_it(page: Page, bot: ScriptedBot) -> None:
    manage_guild = str(int(Permission.MANAGE_GUILD))
    bot.command("settings", lambda _: text_response("?"), default_member_permissions=manage_guild)
    bot.command("setting", lambda _: text_response("?"))
    compose, options = page.locator(".compose-text"), page.get_by_role("option")
    await compose.fill("/setting")
    await expect(options).to_have_count(1)
    await compose.fill("")
    await page.get_by_role("button", name="switch member").click()
    await page.get_by_role("menuitem", name="Owner").click()
    await compose.fill("/setting")
    await expect(options).to_have_count(2)


async def run_command(page: Page, command: str) -> None:
    await open_modal_of(page, command)
    await page.keyboard.press("Enter")


async def open_modal_of(page: Page, command: str) -> None:
    await page.locator(".compose-text").fill(command)
    await page.get_by_role("option").wait_for()
    await page.keyboard.press("Enter")


async def test_message_text_is_never_rendered_as_html(page: Page, bot: ScriptedBot) -> None:
    embed = {
        "title": HOSTILE,
        "url": "javascript:document.title=3",
        "description": f"{HOSTILE} [a](javascript:alert) **{HOSTILE}** `{HOSTILE}`",
        "fields": [{"name": HOSTILE, "value": HOSTILE}],
        "footer": {"text": HOSTILE},
    }
    bot.post(content=f"{HOSTILE} ||{HOSTILE}||", embeds=[embed])
    message = page.locator(".message")
    await expect(message).to_contain_text("<script>document.title=2</script>")
    assert await message.locator("img, script").count() == 0
    assert await message.locator("a").count() == 0
    assert await page.title() == "#songs · Studio · Encore's sandbox"


async def test_blank_line_before_a_quote_is_shown(page: Page, bot: ScriptedBot) -> None:
    for text in ("before\n> quoted", "before\n\n> quoted", "> one\n\n> two"):
        bot.post(content=text)
    shown = page.locator(".message .md")
    await expect(shown).to_have_count(3)
    heights = [await shown.nth(each).evaluate("e => e.offsetHeight") for each in range(3)]
    line = heights[0] / 2
    assert [round(height / line) for height in heights] == [2, 3, 3]


async def test_markdown_is_rendered_as_on_discord(page: Page, bot: ScriptedBot) -> None:
    for text, _, _ in MARKDOWN:
        bot.post(content=text)
    await expect(page.locator(".message")).to_have_count(len(MARKDOWN))
    for number, (text, selector, shown) in enumerate(MARKDOWN):
        found = page.locator(".message").nth(number).locator(".md").locator(selector)
        assert await found.count() == 1, text
        assert (await found.inner_text()).strip() == shown, text


async def test_mentions_and_timestamps_are_rendered_and_updated(
    page: Page, bot: ScriptedBot, discord: DiscordServer
) -> None:
    ada, channel = discord.member("Ada"), discord.state.channel
    now = await page.evaluate("Math.floor(Date.now() / 1000)")
    bot.post(content=f"{ada.mention} in {channel.mention} <t:{now - 120}:R> <t:{now}:R>")
    message = page.locator(".message")
    await expect(message.locator(".mention").first).to_have_text("@Ada")
    await expect(message.locator(".mention").last).to_have_text("#songs")
    await expect(message.locator("time.moment").first).to_have_text("2 minutes ago")
    await expect(message.locator("time.moment").last).to_have_text("2 seconds ago")


async def test_edit_replaces_only_changed_content(page: Page, bot: ScriptedBot) -> None:
    message = bot.post(content="first", embeds=[{"title": "stays", "color": 0x57F287}])
    shown = page.locator(".message")
    await expect(shown).to_contain_text("first")
    await shown.locator(".embed").evaluate("embed => { embed.kept = true; }")
    bot.edit(message, content="second")
    await expect(shown).to_contain_text("second(edited)")
    assert await shown.locator(".embed").evaluate("embed => embed.kept")


async def test_enabled_buttons_are_clickable_and_disabled_are_not(
    page: Page, bot: ScriptedBot
) -> None:
    bot.answer_with("go", lambda _told: text_response("Pressed", flags=EPHEMERAL))
    buttons = [
        {"type": 2, "style": 1, "label": "Go", "custom_id": "go"},
        {"type": 2, "style": 4, "label": "Late", "custom_id": "late"},
        {"type": 2, "style": 2, "label": "Off", "custom_id": "off", "disabled": True},
        {"type": 2, "style": 5, "label": "Out", "url": "https://example.com/"},
    ]
    bot.post(content="Choose", components=[{"type": 1, "components": buttons}])
    message = page.locator(".message").first
    await expect(message.get_by_role("button", name="Off")).to_be_disabled()
    link = message.get_by_role("link", name="Out")
    await expect(link).to_have_attribute("href", "https://example.com/")
    await expect(link).to_have_attribute("rel", "noopener noreferrer")
    await message.get_by_role("button", name="Go", exact=True).click()
    answer = page.locator(".message").last
    await expect(answer).to_contain_text("Pressed")
    await expect(answer).to_contain_text("Only you can see this")
    await message.get_by_role("button", name="Late").click()
    await expect(message.get_by_role("alert")).to_have_text("The application did not respond")


async def test_select_menu_works_by_keyboard(page: Page, bot: ScriptedBot) -> None:
    bot.answer_with("take", lambda received: text_response(f"Chose {received['data']['values']}"))
    options = [
        {"label": each.title(), "value": each, "description": "A take"} for each in ("a", "b")
    ]
    select = {"type": 3, "custom_id": "take", "placeholder": "Which take?", "options": options}
    bot.post(content="Choose", components=[{"type": 1, "components": [select]}])
    box = page.get_by_role("combobox", name="Which take?")
    await box.focus()
    for key in ("Enter", "ArrowDown", "Enter"):
        await page.keyboard.press(key)
    await expect(page.locator(".message").last).to_contain_text("Chose ['b']")


async def test_select_of_channels_and_roles_shows_what_is_chosen(
    page: Page, bot: ScriptedBot, discord: DiscordServer
) -> None:
    bot.answer_with("where", lambda received: text_response(f"{received['data']['values']}"))
    state = discord.state
    voice = state.new_channel("voices", type=ChannelType.VOICE)
    channels = {
        "type": 8,
        "custom_id": "where",
        "placeholder": "Where?",
        "channel_types": [0],
        "min_values": 0,
        "default_values": [{"id": str(state.channel.id), "type": "channel"}],
    }
    roles = {
        "type": 6,
        "custom_id": "who",
        "placeholder": "Who?",
        "default_values": [{"id": str(state.guild.id), "type": "role"}],
    }
    rows = [{"type": 1, "components": [each]} for each in (channels, roles)]
    bot.post(content="Choose", components=rows)
    box = page.get_by_role("combobox", name="Where?")
    await expect(box).to_contain_text(f"#{state.channel.name}")
    await expect(page.get_by_role("combobox", name="Who?")).to_contain_text("@everyone")
    await box.click()
    await expect(page.get_by_role("option", name=voice.name)).to_have_count(0)
    await page.get_by_role("option", name=state.channel.name, exact=False).first.click()
    await expect(page.locator(".message").last).to_contain_text("[]")


async def test_autocomplete_shows_choices_and_sends_values(page: Page, bot: ScriptedBot) -> None:
    def answer(received: Payload) -> Payload:
        [option] = received["data"]["options"]
        if received["type"] == 4:
            choice = {"name": f"Song like {option['value']}", "value": "id-1"}
            return {"type": CHOICES, "data": {"choices": [choice]}}
        return text_response(f"Playing {option['value']}")

    song = {
        "type": 3,
        "name": "song",
        "description": "Which",
        "required": True,
        "autocomplete": True,
    }
    bot.command("play", answer, options=[song])
    await open_modal_of(page, "/play")
    await page.keyboard.type("blue")
    await page.get_by_role("option", name="Song like blue").click()
    await page.keyboard.press("Enter")
    await expect(page.locator(".message")).to_contain_text("Playing id-1")


async def test_modal_submits_every_component(
    page: Page, bot: ScriptedBot, discord: DiscordServer
) -> None:
    options = [{"label": "Rock", "value": "rock"}, {"label": "Folk", "value": "folk"}]
    components = {
        "Words": {"type": 4, "custom_id": "words", "style": 2, "max_length": 20, "min_length": 3},
        "Style": {"type": 3, "custom_id": "style", "options": options},
        "Moods": {"type": 22, "custom_id": "moods", "options": options, "required": False},
        "Loud": {"type": 23, "custom_id": "loud"},
        "Sheet": {"type": 19, "custom_id": "sheet", "required": False},
    }
    labels = [
        {"type": 18, "label": name, "description": f"About {name}", "component": component}
        for name, component in components.items()
    ]
    modal = {"custom_id": "form", "title": "A song", "components": labels}
    bot.command("song", lambda _told: {"type": MODAL, "data": modal})
    bot.answer_with("form", lambda _told: text_response("Thank you"))
    await run_command(page, "/song")
    form = page.get_by_role("dialog", name="A song")
    await expect(form.get_by_label("Words")).to_be_focused()
    await form.get_by_label("Words").fill("la")
    await expect(form.locator(".counter")).to_have_text("18")
    await form.get_by_role("button", name="Submit").click()
    await expect(form).to_contain_text("Must be at least 3 characters long.")
    await expect(form).to_contain_text("This field is required.")
    await form.get_by_label("Words").fill("la la la")
    await form.get_by_role("combobox").click()
    await form.get_by_role("option", name="Folk").click()
    await form.get_by_label("Rock").check()
    await form.get_by_label("Loud").check()
    file = {"name": "sheet.txt", "mimeType": "text/plain", "buffer": b"do re mi"}
    await form.locator("input[type=file]").set_input_files(files=[file])
    await expect(form).to_contain_text("sheet.txt")
    await form.get_by_role("button", name="Submit").click()
    await expect(page.locator(".message").last).to_contain_text("Thank you")
    data = bot.received[-1]["data"]
    sent = {each["component"]["custom_id"]: each["component"] for each in data["components"]}
    assert sent["words"]["value"] == "la la la"
    assert sent["style"]["values"] == ["folk"]
    assert sent["moods"]["values"] == ["rock"]
    assert sent["loud"]["value"] is True
    [number] = sent["sheet"]["values"]
    assert discord.state.attachments[int(number)].content == b"do re mi"


async def test_unanswered_modal_stays_open_with_its_text(page: Page, bot: ScriptedBot) -> None:
    words = {"type": 4, "custom_id": "words", "style": 1, "label": "Words"}
    rows = [{"type": 1, "components": [words]}]
    modal = {"custom_id": "silent", "title": "A song", "components": rows}
    bot.command("song", lambda _told: {"type": MODAL, "data": modal})
    await run_command(page, "/song")
    form = page.get_by_role("dialog", name="A song")
    await form.get_by_label("Words").fill("la la la")
    await form.get_by_role("button", name="Submit").click()
    await expect(form.get_by_role("alert").last).to_contain_text("The application did not respond")
    await expect(form.get_by_label("Words")).to_have_value("la la la")
    bot.answer_with("silent", lambda _told: text_response("Heard at last"))
    await form.get_by_role("button", name="Submit").click()
    await expect(page.locator(".message").last).to_contain_text("Heard at last")
    await expect(form).to_have_count(0)


async def test_message_commands_are_in_apps_menu(page: Page, bot: ScriptedBot) -> None:
    bot.command(
        "Extend this song",
        lambda received: text_response(received["data"]["target_id"]),
        type=3,
        description="",
    )
    message = bot.post(content="A song")
    await page.locator(".message").first.hover()
    await page.get_by_role("button", name="More").click()
    await page.get_by_role("menuitem", name="Extend this song").click()
    await expect(page.locator(".message").last).to_contain_text(str(message.id))


async def test_right_click_opens_apps_menu_there(page: Page, bot: ScriptedBot) -> None:
    bot.command("Extend this song", lambda _told: None, type=3, description="")
    bot.post(content="A song")
    await page.locator(".message .md").click(button="right")
    entry = page.get_by_role("menuitem", name="Extend this song")
    await expect(entry).to_be_visible()
    words = await page.locator(".message .md").bounding_box()
    menu = await page.locator(".popup").bounding_box()
    assert words is not None
    assert menu is not None
    assert abs(menu["x"] - (words["x"] + words["width"] / 2)) < 2
    await page.keyboard.press("Escape")
    await expect(entry).to_have_count(0)


async def test_toolbar_is_reachable_on_message_taller_than_window(
    page: Page, bot: ScriptedBot
) -> None:
    bot.post(embeds=[{"title": "Long", "description": "line\n" * 100}])
    message = page.locator(".message")
    await expect(message).to_contain_text("Long")
    await page.mouse.move(500, 400)
    button = message.get_by_role("button", name="React with 👍")
    await expect(button).to_be_in_viewport(ratio=1)
    await button.click()
    await expect(message.get_by_role("button", name="press to remove yours")).to_be_visible()


async def test_toolbar_of_grouped_message_is_whole_while_its_menu_is_open(
    page: Page, bot: ScriptedBot
) -> None:
    for number in range(3):
        bot.post(content=f"Message {number}")
    message = page.locator(".message").nth(1)
    await message.hover()
    await message.get_by_role("button", name="More").click()
    await expect(page.get_by_role("menu")).to_be_visible()
    await page.mouse.move(500, 60)
    await expect(page.locator(".message:hover")).to_have_count(0)
    is_whole = """toolbar => {
        const { left, top } = toolbar.getBoundingClientRect();
        return toolbar.contains(document.elementFromPoint(left + 8, top + 4));
    }"""
    assert await message.locator(".toolbar").evaluate(is_whole)


@pytest.mark.parametrize("width", [360, 1440])
async def test_files_of_one_long_title_stay_distinguishable(
    page: Page, bot: ScriptedBot, width: int
) -> None:
    long = "A very long title that nobody could ever read to its end on one line of a small window"
    names = [f"{long} (A).mp3", f"{long} (B).mp3", f"A – {long}.mp3", f"B – {long}.mp3"]
    bot.post([Upload(name, b"not audio", "application/octet-stream") for name in names])
    await page.set_viewport_size({"width": width, "height": 740})
    shown = page.locator(".file-name")
    await expect(shown).to_have_text(names)
    for number, end in enumerate((" (A).mp3", " (B).mp3")):
        name = await shown.nth(number).bounding_box()
        tail = await shown.nth(number).get_by_text(end, exact=True).bounding_box()
        assert name is not None
        assert tail is not None
        assert tail["x"] + tail["width"] <= name["x"] + name["width"] + 0.5


async def test_reply_line_quotes_text_and_nothing_of_embeds(page: Page, bot: ScriptedBot) -> None:
    song = bot.post(embeds=[{"title": "A song", "description": "> Neon rain"}])
    bot.post(content="To a song", message_reference={"message_id": str(song.id)})
    words = bot.post(content="**Plain** words", embeds=[{"title": "A song"}])
    bot.post(content="To words", message_reference={"message_id": str(words.id)})
    quoted = page.locator(".reply-words")
    await expect(quoted).to_have_text(["Click to see attachment", "Plain words"])


async def test_name_from_right_to_left_keeps_the_order_of_what_it_is_joined_with(
    page: Page, bot: ScriptedBot, discord: DiscordServer
) -> None:
    state = discord.state
    song = bot.post(embeds=[{"title": "أغنية", "description": "1:33 long"}])
    said = page.locator(".message")
    await expect(said).to_have_attribute("aria-label", re.compile("\u2068أغنية\u2069 — 1:33 long$"))
    files = [Upload(name, b"-", "application/octet-stream") for name in ("أغنية.mp3", "2.mp3")]
    bot.post(files)
    await expect(said.last).to_have_attribute(
        "aria-label", re.compile("\u2068أغنية.mp3\u2069, 2.mp3$")
    )
    state.new_thread("أغنية", state.channel, owner=state.bot, start=song)
    await page.locator("button.thread").click()
    await expect(page).to_have_title("#\u2068أغنية\u2069 · Studio · Encore's sandbox")


@pytest.mark.parametrize("width", [360, 1440])
async def test_content_fits_into_narrow_window(page: Page, bot: ScriptedBot, width: int) -> None:
    long = "x" * 300
    embed = {
        "title": long,
        "description": f"{long}\n> {long}\n```\n{long}\n```",
        "fields": [{"name": long[:200], "value": long, "inline": True}] * 3,
        "footer": {"text": long},
    }
    buttons = [{"type": 2, "style": 2, "label": "x" * 40, "custom_id": str(n)} for n in range(5)]
    bot.post(content=long, embeds=[embed], components=[{"type": 1, "components": buttons}])
    await page.set_viewport_size({"width": width, "height": 740})
    await expect(page.locator(".embed")).to_be_visible()
    assert await page.evaluate("document.documentElement.scrollWidth") <= width
    assert await page.locator("#scroll").evaluate("e => e.scrollWidth - e.clientWidth") <= 0
    right = await page.locator(".message").evaluate(RIGHTMOST)
    assert right <= width
