"""The clips that a provider has from the start."""

import datetime as dt
import math
import random
import uuid
from typing import Final

from sandbox.providers.clips import Clip
from sandbox.providers.music import Segment
from sandbox.providers.timeline import Milestones

# title, tags, prompt, seconds
_SONGS: Final = (
    ("Electric Dreams", "synthpop, dreamy, female vocals", "[Verse]\nNeon over water", 192.0),
    ("Night Bus", "lo-fi, mellow, piano", "[Instrumental]", 24.0),
    ("Paper Boats", "folk, acoustic guitar", "[Verse]\nPaper boats along the gutter", 30.0),
)


def create_sample_clips(rng: random.Random) -> list[Clip]:
    """Return complete clips to extend, oldest first: an A and a B of each song."""
    created = dt.datetime.now(dt.UTC) - dt.timedelta(days=1)
    clips: list[Clip] = []
    for title, tags, prompt, length in _SONGS:
        song = rng.getrandbits(32)
        for take in range(2):
            voice = prompt != "[Instrumental]"
            clip = Clip(
                id=random_uuid(rng),
                title=title,
                tags=tags,
                prompt=prompt,
                created_at=created + dt.timedelta(minutes=len(clips)),
                milestones=Milestones(-math.inf, -math.inf, -math.inf),
                segments=(Segment(song, take, 0.0, length, voice),),
            )
            clips.append(clip)
    return clips


def random_uuid(rng: random.Random) -> str:
    """Return a UUID that depends on the seed alone."""
    return str(uuid.UUID(int=rng.getrandbits(128), version=4))
