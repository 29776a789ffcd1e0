import pytest

from bot.domain.errors import FormError, UserError
from bot.domain.form import Form, TextLimits
from bot.domain.models import ClipStatus
from bot.services.clip_naming import PASTE_HINT
from bot.services.form_check import FormReader
from bot.store.store import Store
from tests.support.scripted_provider import LIMITS, ScriptedProvider
from tests.support.service_harness import OTHER, SOURCE, ServiceHarness, complete, handle_of

SNEAKY = "**@everyone** [x](https://evil.example) `y` \u202e"


@pytest.fixture
def requests(store: Store, suno: ScriptedProvider) -> FormReader:
    other = ScriptedProvider("other", label="Other", exclude=True, models=("v9",))
    return ServiceHarness(store, suno, other).forms


async def refusal(requests: FormReader, **fields: str) -> str:
    """Return what is said to a member whose form can't be done."""
    with pytest.raises(UserError) as refused:
        await requests.validate(Form(**{"clip": SOURCE, **fields}))
    assert refused.value.problem.endswith(".")
    assert refused.value.remedy.endswith(".")
    return str(refused.value)


async def test_a_clip_that_nobody_knows_goes_to_the_default_provider(requests: FormReader) -> None:
    prepared = await requests.validate(Form(clip=SOURCE))
    assert prepared.request.provider == "suno"
    assert (prepared.source, prepared.source_title) == (None, "")


async def test_a_named_provider_is_asked(requests: FormReader) -> None:
    prepared = await requests.validate(Form(clip=SOURCE, provider="other", model="v9", exclude="a"))
    assert (prepared.request.provider, prepared.request.model) == ("other", "v9")
    assert prepared.request.exclude == ("a",)


async def test_a_clip_used_before_goes_where_it_was_known(
    requests: FormReader, harness: ServiceHarness
) -> None:
    await harness.known(provider="other", title="Dreams")
    assert (await requests.validate(Form(clip=SOURCE))).request.provider == "other"


async def test_a_clip_that_was_only_used_here_may_be_tried_at_another_provider(
    requests: FormReader, harness: ServiceHarness
) -> None:
    await harness.ask("1")  # with the default provider, which may never have heard of it
    prepared = await requests.validate(Form(clip=SOURCE, provider="other"))
    assert prepared.request.provider == "other"


async def test_a_clip_that_was_only_used_at_a_former_provider_can_still_be_continued(
    requests: FormReader, harness: ServiceHarness
) -> None:
    await harness.known(provider="former")
    assert (await requests.validate(Form(clip=SOURCE))).request.provider == "suno"


@pytest.mark.parametrize("text", ["", PASTE_HINT, "hello", SNEAKY, "x" * 5000, "🎵" * 900])
async def test_text_without_clip_reference_is_refused(requests: FormReader, text: str) -> None:
    said = await refusal(requests, clip=text)
    assert "can't find" in said or "You haven't picked a song yet." in said
    assert len(said) < 500


async def test_repeated_member_text_is_escaped(requests: FormReader) -> None:
    for fields in ({"clip": SNEAKY}, {"at": SNEAKY}, {"provider": SNEAKY}):
        said = await refusal(requests, **fields)
        assert r"\*\*\@everyone\*\* \[x\]\(https\://evil.example\)" in said
        assert "\u202e" not in said


async def test_a_shortened_link_is_refused(requests: FormReader) -> None:
    assert "shortened" in await refusal(requests, clip="https://suno.com/s/AbCdEf")


async def test_a_message_of_someone_else_is_refused(requests: FormReader) -> None:
    link = "https://discord.com/channels/1/2/123456789012345678"
    assert "not a link to one of my replies" in await refusal(requests, clip=link)


async def test_a_reply_without_clips_is_refused(
    requests: FormReader, harness: ServiceHarness
) -> None:
    ext = await harness.ask("1")
    assert "no finished clip yet" in await refusal(requests, clip=ext.reply.url or "")


async def test_a_reply_stands_for_its_first_playable_clip(
    requests: FormReader, harness: ServiceHarness, suno: ScriptedProvider
) -> None:
    clips = "5e0f3c10-aaaa-4bbb-8ccc-000000000001", "5e0f3c10-aaaa-4bbb-8ccc-000000000002"
    suno.on_extend.then(handle_of(await harness.submitted("0")).__class__(clip_ids=clips))
    ext = await harness.submitted("1")
    first, second = complete(ext).clips
    broken = first.__class__(id=first.id, status=ClipStatus.FAILED)
    suno.progress[handle_of(ext)] = complete(ext).__class__(clips=(broken, second))
    await harness.overdue(ext)
    await harness.track()
    prepared = await requests.validate(Form(clip=ext.reply.url or ""))
    assert prepared.request.clip_id == clips[1]


async def test_a_provider_that_is_not_enabled_is_refused(requests: FormReader) -> None:
    said = await refusal(requests, provider="nobody")
    assert "“nobody”" in said
    assert "`suno`, `other`" in said


async def test_a_clip_is_continued_only_by_who_made_it(
    requests: FormReader, harness: ServiceHarness
) -> None:
    ext = await harness.submitted("1")
    await finish(harness)
    said = await refusal(requests, clip=ext.reply.url or "", provider="other")
    assert "Other doesn't know this clip." in said
    assert "This one was made through Suno Test." in said


async def test_a_clip_made_by_a_former_provider_is_refused(
    harness: ServiceHarness, store: Store
) -> None:
    ext = await harness.submitted("1")
    await finish(harness)
    later = ServiceHarness(store, ScriptedProvider("other")).forms
    refused = await refusal(later, clip=ext.reply.url or "")
    assert "isn't set up here any more" in refused
    assert "Please tell whoever runs this bot." in refused
    assert "isn't set up here any more" in await refusal(
        later, clip=ext.reply.url or "", provider="other"
    )


async def test_a_clip_that_is_still_made_is_refused(
    requests: FormReader, harness: ServiceHarness
) -> None:
    ext = await harness.submitted("1")
    assert "still being made" in await refusal(requests, clip=ext.reply.url or "")


async def test_a_clip_that_failed_is_refused_by_its_escaped_title(
    requests: FormReader, harness: ServiceHarness
) -> None:
    await harness.known(status=ClipStatus.FAILED, title=SNEAKY)
    said = await refusal(requests)
    assert "never finished" in said
    assert r"“\*\*\@everyone\*\*" in said


async def test_text_without_timecode_is_refused(requests: FormReader) -> None:
    assert "“soon” isn't a time" in await refusal(requests, at="soon")


@pytest.mark.parametrize("text", ["0", "0:00", "0.0004"])
async def test_the_very_start_is_refused(requests: FormReader, text: str) -> None:
    assert "very start" in await refusal(requests, at=text)


async def test_a_time_past_the_end_is_refused_where_the_length_is_known(
    requests: FormReader, harness: ServiceHarness
) -> None:
    await harness.known(title="Electric Dreams", duration=192.4)
    said = await refusal(requests, at="3:20")
    assert said.startswith("That's past the end.")
    assert "“Electric Dreams” is 3:12 long" in said
    assert (await requests.validate(Form(clip=SOURCE, at="3:12"))).request.continue_at == 192


async def test_a_clip_without_a_title_is_not_named(
    requests: FormReader, harness: ServiceHarness
) -> None:
    await harness.known(title="", duration=10.0)
    assert "That clip is 0:10 long" in await refusal(requests, at="60")


async def test_choices_that_the_provider_does_not_offer_are_refused(requests: FormReader) -> None:
    assert "no choice of models" in await refusal(requests, model="v9")
    assert "can't exclude styles" in await refusal(requests, exclude="metal")


async def test_all_that_is_wrong_is_told_at_once(requests: FormReader) -> None:
    with pytest.raises(FormError) as refused:
        await requests.validate(
            Form(clip=SOURCE, at="soon", model="v9", lyrics="a" * 3001, title="t" * 81)
        )
    assert refused.value.problem == "4 things need to be changed."
    lines = refused.value.remedy.splitlines()
    assert [line.split(".")[0] for line in lines] == [
        "- **“soon” isn't a time",
        "- **Suno Test has no choice of models",
        "- **The lyrics are too long for Suno Test",
        "- **The title is too long for Suno Test",
    ]


async def test_models_are_those_of_the_provider_that_will_be_used(
    store: Store, harness: ServiceHarness
) -> None:
    first = ScriptedProvider("first", models=("v1",))
    reader = ServiceHarness(store, first, ScriptedProvider("second", models=("v2",))).forms
    await harness.known(OTHER, provider="second")
    assert await reader.models_for("", "") == ("v1",)
    assert await reader.models_for("ele", "second") == ("v2",)
    assert await reader.models_for(OTHER, "") == ("v2",)
    assert await reader.models_for("", "nobody") == ()


@pytest.mark.parametrize(
    ("field", "words", "limit"),
    [
        ("lyrics", "The lyrics are too long", LIMITS.lyrics),
        ("style", "The style is too long", LIMITS.style),
        ("title", "The title is too long", LIMITS.title),
        ("exclude", "The list of excluded styles is too long", LIMITS.style),
    ],
)
async def test_texts_over_the_limit_are_refused_with_the_numbers(
    requests: FormReader, field: str, words: str, limit: int
) -> None:
    fitting = "🎵" * (limit // 2)
    await requests.validate(Form(clip=SOURCE, provider="other", **{field: fitting}))
    said = await refusal(requests, provider="other", **{field: fitting + "x"})
    assert f"{words} for Other" in said
    assert f"{limit + 1:,}" in said
    assert f"up to {limit:,} characters" in said


async def test_a_text_over_the_limit_still_opens_the_form(requests: FormReader) -> None:
    long = "la " * 1300
    assert (await requests.parse(Form(clip=SOURCE, lyrics=long))).form.lyrics == long.strip()


@pytest.fixture
def particular(store: Store) -> FormReader:
    """Requests to a provider that wants a style."""
    return ServiceHarness(store, ScriptedProvider(needs_style=True)).forms


async def test_a_style_is_asked_for_where_the_provider_needs_one(particular: FormReader) -> None:
    assert await refusal(particular) == (
        "Suno Test needs a style. Enter one under *Style*, such as `folk, acoustic guitar`."
    )
    assert "needs a style" in await refusal(particular, style=" , ")
    assert (await particular.validate(Form(clip=SOURCE, style="folk"))).request.style == ("folk",)


async def test_text_limits_are_those_of_the_chosen_model(
    store: Store, harness: ServiceHarness
) -> None:
    await harness.known(style=", ".join(f"tag {number}" for number in range(100)))
    provider = ScriptedProvider(
        models=("new",), model_limits={"new": TextLimits(lyrics=5000, style=1000, title=100)}
    )
    reader = ServiceHarness(store, provider).forms
    assert "lyrics are too long" in await refusal(reader, lyrics="a" * 3001)
    assert "5,000" in await refusal(reader, lyrics="a" * 5001, model="new")
    request = (await reader.validate(Form(clip=SOURCE, lyrics="a" * 5000, model="new"))).request
    assert len(request.style) == 100


async def test_instrumental_needs_a_style_where_only_its_endpoint_does(store: Store) -> None:
    provider = ScriptedProvider(instrumental_needs_style=True)
    reader = ServiceHarness(store, provider).forms
    assert "needs a style" in await refusal(reader)
    assert (await reader.validate(Form(clip=SOURCE, lyrics="[Verse]"))).request.style == ()


async def test_the_style_of_the_source_will_do(
    particular: FormReader, harness: ServiceHarness
) -> None:
    await harness.known(style="folk, dreamy")
    assert (await particular.validate(Form(clip=SOURCE))).request.style == ("folk", "dreamy")


async def test_a_form_without_a_style_still_opens(particular: FormReader) -> None:
    assert (await particular.parse(Form(clip=SOURCE))).request.style == ()


async def test_the_form_is_filled_in_from_the_source(
    requests: FormReader, harness: ServiceHarness
) -> None:
    await harness.known(title="Electric Dreams", style="folk, dreamy", duration=100.0)
    form = (await requests.parse(Form(clip=f"https://suno.com/song/{SOURCE}"))).form
    assert form == Form(
        clip=SOURCE, at="end", style="folk, dreamy", title="Electric Dreams", provider="suno"
    )


async def test_typed_fields_win_over_the_sources(
    requests: FormReader, harness: ServiceHarness
) -> None:
    await harness.known(title="Electric Dreams", style="folk")
    form = (await requests.parse(Form(clip=SOURCE, style="metal", title="Mine"))).form
    assert (form.style, form.title) == ("metal", "Mine")


async def test_fields_of_the_source_are_truncated_to_the_limits(
    requests: FormReader, harness: ServiceHarness
) -> None:
    style = ", ".join(f"tag {number}" for number in range(60))
    await harness.known(title="🎵" * 60, style=style)
    request = (await requests.validate(Form(clip=SOURCE))).request
    assert request.style[:2] == ("tag 0", "tag 1")
    assert request.title.endswith("🎵…")


async def test_typed_fields_are_sanitized(requests: FormReader) -> None:
    form = Form(
        clip=f"  {SOURCE.upper()} ", at=" 1:02 ", style=" a,\n b ", lyrics="one\r\ntwo\x00 "
    )
    request = (await requests.validate(form)).request
    assert (request.clip_id, request.continue_at) == (SOURCE, 62)
    assert (request.style, request.lyrics) == (("a", "b"), "one\ntwo")


async def test_another_clip_of_the_same_kind_is_another_clip(requests: FormReader) -> None:
    assert (await requests.validate(Form(clip=OTHER))).request.clip_id == OTHER


async def finish(harness: ServiceHarness) -> None:
    """Let everything that runs complete."""
    suno = harness.providers["suno"]
    for ext_id in range(1, 10):
        ext = await harness.store.extension(ext_id)
        if ext is not None and ext.handle is not None:
            suno.progress[ext.handle] = complete(ext)
    harness.clock.advance(300)
    await harness.track()
