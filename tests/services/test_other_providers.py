"""What one provider refuses may be tried at another; nothing is sent there by itself."""

import pytest

from bot.domain import failures
from bot.domain.errors import FormError
from bot.domain.failures import Failure
from bot.domain.form import Form, TextLimits
from bot.domain.models import Extension, Kind, Status
from bot.providers.base import (
    OutOfCredits,
    ProviderError,
    RateLimited,
    Rejected,
    SessionExpired,
    Unauthorized,
    Unavailable,
    UnknownClip,
)
from bot.services.form_check import FormReader
from bot.store.store import Store
from tests.support.scripted_provider import ScriptedProvider
from tests.support.service_harness import SOURCE, ServiceHarness

LONG = TextLimits(lyrics=5000, style=1000, title=100)


@pytest.fixture
def suno() -> ScriptedProvider:
    return ScriptedProvider(needs_style=True)


@pytest.fixture
def other() -> ScriptedProvider:
    return ScriptedProvider("other", label="Other", exclude=True, limits=LONG, models=("v9",))


@pytest.fixture
def harness(store: Store, suno: ScriptedProvider, other: ScriptedProvider) -> ServiceHarness:
    return ServiceHarness(store, suno, other)


async def others_after(harness: ServiceHarness, ext: Extension) -> dict[str, str]:
    return {**(await harness.reply_contexts.load(await harness.now(ext))).other_providers}


@pytest.mark.parametrize(
    ("error", "failure", "is_offered"),
    [
        (UnknownClip(), failures.UnknownClip(), True),
        (OutOfCredits(), failures.OutOfCredits(), True),
        (Unauthorized(), failures.Unauthorized(), True),
        (SessionExpired(), failures.SessionExpired(), True),
        (Rejected("no"), failures.Rejected("no"), False),
    ],
)
async def test_refusal_of_one_provider_offers_the_others(
    harness: ServiceHarness,
    suno: ScriptedProvider,
    other: ScriptedProvider,
    error: ProviderError,
    failure: Failure,
    *,
    is_offered: bool,
) -> None:
    suno.on_extend.then(error)
    ext = await harness.ask("1", style="folk")
    await harness.submit()
    assert (await harness.now(ext)).failure == failure
    assert await others_after(harness, ext) == ({"other": "Other"} if is_offered else {})
    assert other.sent == []


@pytest.mark.parametrize("error", [Unavailable(), RateLimited(retry_after=60)])
async def test_provider_that_is_tried_again_offers_the_others_at_the_end(
    harness: ServiceHarness, suno: ScriptedProvider, error: ProviderError
) -> None:
    suno.on_extend.then(*[error] * 100)
    ext = await harness.ask("1", style="folk")
    await harness.submit()
    assert await harness.is_at(ext, Status.WAITING)
    assert await others_after(harness, ext) == {}
    while await harness.is_at(ext, Status.WAITING):
        await harness.overdue(ext)
        await harness.submit()
    assert await harness.is_at(ext, Status.FAILED)
    assert await others_after(harness, ext) == {"other": "Other"}


async def test_full_song_is_offered_to_no_other_provider(
    harness: ServiceHarness, suno: ScriptedProvider
) -> None:
    suno.on_extend.then(OutOfCredits())
    ext = await harness.ask("1", style="folk")
    await harness.submit()
    failed = await harness.now(ext)
    song = failed.__class__(
        **{name: getattr(failed, name) for name in failed.__slots__ if name != "kind"},
        kind=Kind.CONCAT,
    )
    assert (await harness.reply_contexts.load(song)).other_providers == {}


async def refusal(forms: FormReader, **fields: str) -> FormError:
    """Return the error of a form that its provider would refuse."""
    with pytest.raises(FormError) as refused:
        await forms.validate(Form(**{"clip": SOURCE, "provider": "suno", **fields}))
    return refused.value


@pytest.mark.parametrize(
    "fields",
    [
        {},  # no style
        {"style": "folk", "exclude": "drums"},
        {"style": "folk", "model": "v9"},
        {"style": "folk", "lyrics": "x" * 4000},
        {"title": "x" * 90, "exclude": "drums"},
    ],
)
async def test_form_is_offered_to_who_would_accept_it(
    harness: ServiceHarness, fields: dict[str, str]
) -> None:
    assert (await refusal(harness.forms, **fields)).other_providers == {"other": "Other"}


@pytest.mark.parametrize(
    "fields", [{"at": "never"}, {"style": "folk", "lyrics": "x" * 6000}, {"title": "x" * 101}]
)
async def test_form_that_all_would_refuse_is_offered_to_none(
    harness: ServiceHarness, fields: dict[str, str]
) -> None:
    assert (await refusal(harness.forms, **fields)).other_providers == {}


async def test_model_that_the_other_does_not_have_is_left_out_there(store: Store) -> None:
    suno = ScriptedProvider(needs_style=True, models=("v1",))
    strict = ScriptedProvider("strict", label="Strict")
    harness = ServiceHarness(store, suno, strict)
    refused = await refusal(harness.forms, model="v1")
    assert refused.other_providers == {"strict": "Strict"}


async def test_form_that_opens_is_offered_as_well(harness: ServiceHarness) -> None:
    with pytest.raises(FormError) as refused:
        await harness.forms.parse(Form(clip=SOURCE, exclude="drums"))
    assert refused.value.other_providers == {"other": "Other"}


async def test_clip_made_here_is_offered_to_no_other_provider(harness: ServiceHarness) -> None:
    made = await harness.finished("made", style="folk")
    refused = await refusal(harness.forms, clip=made.reply.url or "", exclude="drums")
    assert refused.other_providers == {}


async def test_form_of_a_session_is_offered_to_no_other_provider(harness: ServiceHarness) -> None:
    forms = FormReader(harness.runtime, default_provider="suno", is_in_session=True)
    assert (await refusal(forms)).other_providers == {}
