"""Source audio without audio: a file with a few bytes, cut where the request says."""

import contextlib
import tempfile
from collections.abc import Generator
from dataclasses import replace
from pathlib import Path

from bot.domain.models import Clip, ClipStatus, Extension
from bot.providers.base import Capabilities, SourceAudio
from bot.services.source_audio import PreparedSource
from tests.support.scripted_provider import Script

LENGTH = 30.0  # seconds of each source
SOURCE = Clip(id="a", status=ClipStatus.COMPLETE, title="Far Away", style="slow, sad")


class ScriptedSources:
    """What `SourceAudioPreparer` does, played from a script."""

    def __init__(self) -> None:
        self.on_prepare = Script()
        self.folders: list[Path] = []

    @contextlib.contextmanager
    def temporary_folder(self) -> Generator[Path]:
        with tempfile.TemporaryDirectory() as name:
            self.folders.append(Path(name))
            yield Path(name)

    async def prepare(
        self, ext: Extension, capabilities: Capabilities, folder: Path
    ) -> PreparedSource:
        del capabilities
        path = folder / "source.flac"
        path.write_bytes(b"audio")
        request = replace(ext.request, continue_at=ext.request.continue_at or LENGTH)
        audio = SourceAudio(path, "Old words")
        usual = PreparedSource(replace(ext, request=request), audio, SOURCE)
        return await self.on_prepare.next(lambda _: usual, ext)
