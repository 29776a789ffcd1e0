import subprocess
import sys
from pathlib import Path

import pytest
from mutagen.id3 import ID3

from bot.audio import worker_functions
from bot.audio.bit_rates import BIT_RATES
from bot.audio.models import EncodedFile, Part, Segment, Track
from bot.audio.process_pool import ProcessPool
from bot.audio.tags import Chapter, Tags

# 31 MiB in the process that has to hold a thousand extensions, and it never calls them
WORKERS_ONLY = ("av", "numpy", "PIL", "mutagen", "lameenc")


def test_main_process_loads_no_library_of_the_workers() -> None:
    program = f"import bot.__main__, sys; print(*sys.modules.keys() & {set(WORKERS_ONLY)})"
    command = [sys.executable, "-c", program]
    result = subprocess.run(command, check=True, capture_output=True, text=True)  # noqa: S603
    assert result.stdout.split() == []


async def test_worker_functions_run_in_a_worker(song: Path, tmp_path: Path) -> None:
    async with ProcessPool(tmp_path / "work", workers=1) as pool:
        info = await pool.run(worker_functions.analyze, song)
        spliced = await pool.run(
            worker_functions.splice,
            [Part(song, 1.0), Part(song)],
            tmp_path / "b.mp3",
            bit_rate=BIT_RATES[0],
        )
        assert spliced.duration == pytest.approx(1 + info.duration)
        encoded = await pool.run(
            worker_functions.encode_to_limit,
            tmp_path / "b.mp3",
            info,
            tmp_path / "c.mp3",
            limit=100_000,
            reserve=0,
        )
        assert encoded == EncodedFile(bit_rate=128_000)
        tags = Tags(title="Night Bus", chapters=(Chapter("Dreams", 0, 3000),))
        await pool.run(worker_functions.write_tags, tmp_path / "c.mp3", tags)
        assert len(ID3(tmp_path / "c.mp3").getall("CHAP")) == 1
        waveform = await pool.run(
            worker_functions.render_waveform, "Night Bus", [Segment(spliced.peaks)]
        )
        assert waveform.alt_text == "Waveform of “Night Bus”, 0:03 long."
        track = Track("A", (Segment(spliced.peaks),))
        clips = await pool.run(worker_functions.render_clips, "Night Bus", [track])
        assert clips.alt_text == "Waveform of “Night Bus”: A 0:03 long."
