"""sunoapi.co, the service that became sunosay.com: another address, other types in its table.

Contract: providers.md §2; seeds 001 and 004 describe the same API.
"""

from dataclasses import replace
from typing import Literal

import httpx

from bot.providers import sunosay
from bot.providers.adapter import ApiConfig
from bot.providers.sunosay import SunoSay, as_number, as_text

DEFAULTS = replace(sunosay.DEFAULTS, base_url="https://api.sunoapi.co")
# its own documents offer no model
CAPABILITIES = replace(sunosay.CAPABILITIES, label="sunoapi.co", models=())


class SunoApiCo(SunoSay):
    """The adapter to sunoapi.co.

    Args:
        client: for this provider alone.
        config: how to reach it.
        continue_at: the type to send; ``text`` is what the only statement in its documents says
            (providers.md §2.2).
    """

    def __init__(
        self,
        client: httpx.AsyncClient,
        config: ApiConfig,
        *,
        continue_at: Literal["text", "number"] = "text",
    ) -> None:
        super().__init__(
            client,
            config,
            name="sunoapi_co",
            capabilities=CAPABILITIES,
            continue_at=as_text if continue_at == "text" else as_number,
        )
