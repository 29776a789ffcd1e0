"""An HTTP client that measures its requests."""

import time
from typing import Any

import httpx
from typing_extensions import override

from bot import metrics


class MeasuredClient(httpx.AsyncClient):
    """A client of one provider; how long its answers take to begin is measured."""

    def __init__(self, provider: str, **options: Any) -> None:  # noqa: ANN401 - httpx's own
        super().__init__(**options)
        self._provider = provider

    @override
    async def send(self, request: httpx.Request, **options: Any) -> httpx.Response:
        began, status = time.perf_counter(), "none"
        try:
            response = await super().send(request, **options)
            status = str(response.status_code)
            return response
        finally:
            seconds = metrics.PROVIDER_REQUESTS.labels(self._provider, status)
            seconds.observe(time.perf_counter() - began)
