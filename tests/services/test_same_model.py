"""A provider that wants the model of the source is asked for it, unless a member chose another."""

import uuid

import pytest

from bot.domain.errors import FormError
from bot.domain.form import Form, TextLimits
from bot.domain.models import Extension, Handle
from bot.store.store import Store
from tests.support.scripted_provider import LIMITS, ScriptedProvider
from tests.support.service_harness import SOURCE, ServiceHarness

SHORT = TextLimits(lyrics=10, style=10, title=10)


def keeping(*models: str) -> ScriptedProvider:
    """Return a provider that wants the model of the source; the first is its default."""
    return ScriptedProvider(
        same_model_as_source=True,
        models=models,
        default_model=models[0],
        model_limits={"short": SHORT},
    )


async def made(harness: ServiceHarness, idempotency_key: str, **fields: str) -> Extension:
    clip_id = str(uuid.uuid5(uuid.NAMESPACE_OID, idempotency_key))
    harness.providers["suno"].on_extend.then(Handle(clip_ids=(clip_id,)))
    return await harness.finished(idempotency_key, **fields)


async def test_model_of_the_source_is_kept_when_the_default_changes(store: Store) -> None:
    first = await made(ServiceHarness(store, keeping("old", "new")), "1")
    assert first.request.model == "old"
    later = ServiceHarness(store, keeping("new", "old"))
    clip = first.clips[0].id
    assert (await later.forms.validate(Form(clip=clip))).request.model == "old"
    assert (await later.forms.validate(Form(clip=SOURCE))).request.model == "new"


async def test_chosen_model_wins_over_that_of_the_source(store: Store) -> None:
    harness = ServiceHarness(store, keeping("old", "new"))
    first = await made(harness, "1", model="new")
    [clip] = first.clips
    assert (await harness.forms.validate(Form(clip=clip.id))).request.model == "new"
    assert (await harness.forms.validate(Form(clip=clip.id, model="old"))).request.model == "old"


async def test_provider_without_that_rule_chooses_its_model(store: Store) -> None:
    harness = ServiceHarness(store, ScriptedProvider(models=("v1",)))
    first = await made(harness, "1", model="v1")
    assert (await harness.forms.validate(Form(clip=first.clips[0].id))).request.model is None


async def test_texts_are_limited_by_the_model_of_the_source(store: Store) -> None:
    harness = ServiceHarness(store, keeping("long", "short"))
    first = await made(harness, "1", model="short", style="folk")
    form = Form(clip=first.clips[0].id, lyrics="x" * 11)
    assert (await harness.forms.prefill(form)).limits == SHORT
    assert (await harness.forms.prefill(Form(clip=SOURCE))).limits == LIMITS
    with pytest.raises(FormError, match="lyrics are too long"):
        await harness.forms.validate(form)
