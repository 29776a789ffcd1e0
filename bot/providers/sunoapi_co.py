"""sunoapi.co: the service that became sunosay.com, with its own address and table of types.

Contract: providers.md §2; seed 001 and 004 describe the same API.
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
        access: how it is reached.
        continue_at: the type to send; ``text`` is what the only statement of its documents says
            (providers.md §2.2).
    """

    def __init__(
        self,
        client: httpx.AsyncClient,
        access: ApiConfig,
        *,
        continue_at: Literal["text", "number"] = "text",
    ) -> None:
        super().__init__(
            client,
            access,
            name="sunoapi_co",
            capabilities=CAPABILITIES,
            continue_at=as_text if continue_at == "text" else as_number,
        )
