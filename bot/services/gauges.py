"""Brings the gauges up to date that say how things stand: work to be done, credits left."""

from bot import metrics
from bot.domain.models import Status
from bot.services.runtime import OWN_LABEL, Runtime


async def refresh_gauges(runtime: Runtime) -> None:
    """Read how much there is to do; what there is no more of is 0, not gone."""
    workload = await runtime.store.workload()
    known = {*runtime.providers, *(provider for provider, _ in workload.in_progress)}
    for provider in known:
        for status in Status:
            if not status.is_final:
                count = workload.in_progress.get((provider, status), 0)
                metrics.IN_PROGRESS.labels(provider or OWN_LABEL, status).set(count)
    for queue, count in workload.queued.items():
        metrics.QUEUED.labels(queue).set(count)
