"""What audio work costs: splicing against FFmpeg, and how long the event loop is kept waiting.

    python bench/audio.py [--smoke]

The first part cuts, crossfades and encodes the same files with Encore and with the `ffmpeg` of the
system, and compares the processor time. The second measures encoding alone. The third does the work
of many replies at once, in worker processes and, to compare, in threads, and measures by how much a
timer on the event loop is late. The last prints how much memory Encore takes once it is imported.
"""

import asyncio
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import ParamSpec, Protocol, TypeVar

import numpy as np
from _harness import is_smoke

from bot.audio.decode import AudioReader
from bot.audio.models import Part, Segment
from bot.audio.mp3 import Mp3Writer
from bot.audio.process_pool import ProcessPool
from bot.audio.tags import Tags
from bot.audio.worker_functions import analyze, render_waveform, splice, write_tags
from sandbox.providers.music import SAMPLE_RATE, render
from sandbox.providers.music import Segment as MusicSegment

P = ParamSpec("P")
T = TypeVar("T")

BEHIND = 3.0  # seconds of each source behind its cut
MAX_RATIO = 1.25  # of processor time to FFmpeg's
BIT_RATE = 192_000
TICK = 0.005  # seconds


class Run(Protocol):
    """`ProcessPool.run` or `asyncio.to_thread`."""

    def __call__(self, func: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Awaitable[T]:
        """Return what ``func(*args, **kwargs)`` returns."""
        ...


def main() -> None:
    """Run all parts."""
    only_smoke = is_smoke(__doc__)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        parts = _parts(folder, count=3, seconds=4 if only_smoke else 60)
        rounds = 1 if only_smoke else 5
        _compare(folder, parts, rounds=rounds)
        _encode(folder, parts, rounds=rounds)
        asyncio.run(_delays(folder, parts, songs=2 if only_smoke else 20))
        _print_memory()


def _parts(folder: Path, *, count: int, seconds: float) -> list[Part]:
    """Return the parts of a song: each is cut after ``seconds`` and has more behind that."""
    parts: list[Part] = []
    for number in range(count):
        is_last = number == count - 1
        length = seconds if is_last else seconds + BEHIND
        sound = render((MusicSegment(song=1, take=number, start=number * seconds, length=length),))
        path = folder / f"part{number}.mp3"
        with Mp3Writer(path, rate=SAMPLE_RATE, channels=2, bit_rate=BIT_RATE) as file:
            file.write(sound)
        parts.append(Part(path, None if is_last else seconds))
    return parts


def _compare(folder: Path, parts: Sequence[Part], *, rounds: int) -> None:
    """Print the processor time of the splice, and of FFmpeg's."""
    song = folder / "ours.mp3"
    ours = _least(rounds, lambda: splice(parts, song, bit_rate=BIT_RATE), _own_time)
    length = analyze(song).duration
    print(f"splice of {len(parts)} parts, {length:.0f} s of music: {ours:.2f} s CPU")
    program = shutil.which("ffmpeg")
    if program is None:
        print("ffmpeg is not installed, so there is nothing to compare with")
        return
    command = [program, *_ffmpeg(parts), str(folder / "theirs.mp3")]
    theirs = _least(
        rounds,
        lambda: subprocess.run(command, check=True),  # noqa: S603 - our own arguments
        _childrens_time,
    )
    drift = analyze(folder / "theirs.mp3").duration - length
    print(f"ffmpeg, the same: {theirs:.2f} s CPU, {1000 * drift:+.1f} ms in length")
    verdict = "within" if ours <= MAX_RATIO * theirs else "OVER"
    print(f"ratio {ours / theirs:.2f}, {verdict} the aim of {MAX_RATIO}")


def _encode(folder: Path, parts: Sequence[Part], *, rounds: int) -> None:
    """Print the processor time of encoding alone."""
    with AudioReader(parts[0].path) as audio:
        samples = np.concatenate(list(audio.blocks()), axis=1)

    def encode() -> None:
        path = folder / "encoded.mp3"
        with Mp3Writer(path, rate=SAMPLE_RATE, channels=2, bit_rate=BIT_RATE) as mp3:
            mp3.write(samples)

    needed = _least(rounds, encode, _own_time)
    print(f"encoding {samples.shape[1] / SAMPLE_RATE:.0f} s of stereo: {needed:.2f} s CPU")


def _ffmpeg(parts: Sequence[Part]) -> list[str]:
    """Return the arguments for a cut, a crossfade of 30 ms over the cut, and one encoding."""
    inputs = [word for part in parts for word in ("-i", str(part.path))]
    last = len(parts) - 1
    steps = [
        f"[{n}]atrim=end={part.cut + 0.03}[a{n}]"
        for n, part in enumerate(parts)
        if part.cut is not None
    ]
    joined = "a0"
    for number in range(1, len(parts)):
        new = f"a{number}" if number < last else str(number)
        steps.append(f"[{joined}][{new}]acrossfade=d=0.03:c1=qsin:c2=qsin[j{number}]")
        joined = f"j{number}"
    graph = ";".join(steps)
    output = ["-filter_complex", graph, "-map", f"[{joined}]", "-c:a", "libmp3lame"]
    return ["-v", "error", "-y", *inputs, *output, "-b:a", "192k"]


def _least(rounds: int, work: Callable[[], object], clock: Callable[[], float]) -> float:
    """Return the least time on ``clock`` that ``work`` took in some rounds."""
    times: list[float] = []
    for _ in range(rounds):
        begin = clock()
        work()
        times.append(clock() - begin)
    return min(times)


def _own_time() -> float:
    return time.process_time()


def _childrens_time() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


async def _delays(folder: Path, parts: Sequence[Part], *, songs: int) -> None:
    """Print how late the event loop is, idle and under work."""
    print(f"event loop while {songs} songs are spliced, analyzed, drawn and tagged:")
    await _measured("idle", asyncio.sleep(1))
    cores = os.cpu_count() or 1
    async with ProcessPool(folder / "work") as pool:
        # each worker imports what it needs once
        await asyncio.gather(*(pool.run(analyze, parts[0].path) for _ in range(cores)))
        await _measured("processes", _songs(pool.run, folder, parts, songs, cores))
    await _measured("threads", _songs(asyncio.to_thread, folder, parts, songs, cores))


async def _songs(run: Run, folder: Path, parts: Sequence[Part], songs: int, at_once: int) -> None:
    turn = asyncio.Semaphore(at_once)

    async def one(number: int) -> None:
        async with turn:
            await _song(run, parts, folder / f"song{number}.mp3")

    await asyncio.gather(*(one(number) for number in range(songs)))


async def _song(run: Run, parts: Sequence[Part], into: Path) -> None:
    """Do all the work for one full song."""
    spliced = await run(splice, parts, into, bit_rate=BIT_RATE)
    await run(analyze, into)
    await run(write_tags, into, Tags(title="Electric Dreams", lyrics="[Verse]\n" * 100))
    ends = (*spliced.starts[1:], spliced.duration)
    segments = [
        Segment(spliced.peaks.between(start, end))
        for start, end in zip(spliced.starts, ends, strict=True)
    ]
    await run(render_waveform, "Electric Dreams", segments)


async def _measured(name: str, work: Awaitable[None]) -> None:
    """Print the delays of a timer while ``work`` is done."""
    task = asyncio.ensure_future(work)
    delays: list[float] = []
    begin = time.perf_counter()
    while not task.done():
        before = time.perf_counter()
        await asyncio.sleep(TICK)
        delays.append((time.perf_counter() - before - TICK) * 1000)
    await task
    seconds = time.perf_counter() - begin
    delays.sort()
    late = delays[min(int(len(delays) * 0.99), len(delays) - 1)]
    middle = statistics.median(delays)
    print(
        f"  {name:9} {seconds:5.1f} s; late by {middle:.2f} ms (median), "
        f"{late:.1f} ms (99 of 100), {delays[-1]:.1f} ms (worst)"
    )


def _print_memory() -> None:
    """Print the resident memory of a process that has imported Encore and done nothing."""
    program = "import bot.__main__, psutil; print(psutil.Process().memory_info().rss)"
    command = [sys.executable, "-c", program]
    result = subprocess.run(command, check=True, capture_output=True, text=True)  # noqa: S603
    print(f"memory of Encore, imported: {int(result.stdout) / 1024**2:.0f} MiB")


if __name__ == "__main__":
    main()
