"""All custom ids of Encore's buttons, in one place: ``area:verb:id``.

Replies carry them for years, so an id is never given another meaning: what a button is to do
differently gets a new verb, and the old one stays and goes on meaning what it meant.

| custom id | what pressing it does | since |
| --- | --- | --- |
| ``ext:cancel:<extension>`` | cancels a waiting extension | 0.1 |
| ``ext:check:<extension>`` | asks the provider once more for what it still owes | 0.1 |
| ``ext:again:<extension>`` | opens the form with what was asked for | 0.1 |
| ``ext:take:<extension>`` | asks for the same once more, without a form | 0.1 |
| ``clip:extend:<clip>`` | opens the form to go on from the end of this clip | 0.1 |
| ``draft:open:<draft>`` | opens the form with what a member had typed | 0.1 |
| ``ext:song:<extension>`` | makes the full song that ends with a clip of this reply, or is asked \
for in it | 0.1 |
| ``clip:song:<clip>`` | makes the full song that ends with this clip | 0.1 |
| ``clip:show:<clip>`` | shows all that is known round this clip | 0.1 |
| ``clip:remove:<clip>`` | asks whether this clip shall be taken out of the library | 0.1 |
| ``clip:drop:<clip>`` | takes this clip out of the library | 0.1 |
| ``clip:keep:<clip>`` | leaves this clip in the library | 0.1 |
| ``lib:page:<page>`` | turns to this page, which is ``scope:number:search`` | 0.1 |
"""

import re
from enum import StrEnum

MAX_LENGTH = 100  # Discord's limit


_USUAL_ID = r"[\w-]+"
_IDS = {"lib:page": r"(?:mine|channel|server):\d{1,9}:.*"}


class Action(StrEnum):
    """The area and the verb of a button."""

    CANCEL = "ext:cancel"
    CHECK_AGAIN = "ext:check"
    SEND_AGAIN = "ext:again"
    ANOTHER_TAKE = "ext:take"
    EXTEND_CLIP = "clip:extend"
    OPEN_DRAFT = "draft:open"
    FULL_SONG = "ext:song"
    SONG_OF_CLIP = "clip:song"
    SHOW_CLIP = "clip:show"
    REMOVE_CLIP = "clip:remove"
    DROP_CLIP = "clip:drop"
    KEEP_CLIP = "clip:keep"
    TURN_PAGE = "lib:page"

    def custom_id_for(self, stored_id: int | str) -> str:
        """Return the custom id of the button that does this to what has ``stored_id``."""
        return f"{self}:{stored_id}"

    def accepts(self, stored_id: str) -> bool:
        """Whether a button can carry ``stored_id`` and be understood again."""
        custom_id = self.custom_id_for(stored_id)
        return len(custom_id) <= MAX_LENGTH and bool(self.pattern.fullmatch(custom_id))

    @property
    def pattern(self) -> re.Pattern[str]:
        """What its custom ids look like; the group ``id`` is the stored id."""
        return re.compile(rf"{self}:(?P<id>{_IDS.get(self, _USUAL_ID)})")
