"""sunoapi.co, the service that became sunosay.com: another address, other types in its table.

Contract: docs.sunosay.com, whose service had this name before.
"""

from dataclasses import replace
from typing import Literal

import httpx

from bot.providers import sunosay
from bot.providers.adapter import ApiConfig
from bot.providers.sunosay import TASK_PATH, SunoSay, as_number, as_text

DEFAULTS = replace(sunosay.DEFAULTS, base_url="https://api.sunoapi.co")
# Its own documents offer no model, and style tags are optional but for an instrumental.
CAPABILITIES = replace(
    sunosay.CAPABILITIES,
    label="sunoapi.co",
    models=(),
    needs_style=False,
    instrumental_needs_style=True,
)


class SunoApiCo(SunoSay):
    """The adapter to sunoapi.co.

    Args:
        client: for this provider alone.
        config: how to reach it.
        continue_at: the type to send; ``text`` is what the only statement in its documents says.
        task_path: where tasks are queried; its documents had three paths in turn.
    """

    def __init__(
        self,
        client: httpx.AsyncClient,
        config: ApiConfig,
        *,
        continue_at: Literal["text", "number"] = "text",
        task_path: str = TASK_PATH,
    ) -> None:
        super().__init__(
            client,
            config,
            name="sunoapi_co",
            capabilities=CAPABILITIES,
            continue_at=as_text if continue_at == "text" else as_number,
            task_path=task_path,
        )
