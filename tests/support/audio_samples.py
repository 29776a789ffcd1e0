"""Sound with known content, files made of it, and calls for the workshop's workers."""

import asyncio
import os
import time
from pathlib import Path

import av
import numpy as np

from bot.audio.decode import AudioReader, Samples
from bot.audio.errors import TransientMediaError, UnusableMediaError
from bot.audio.mp3 import mp3_writer

RATE = 44_100


def noise(seconds: float, *, seed: int = 1, rate: int = RATE) -> Samples:
    """Return stereo noise: no stretch of it is like any other, so a shift by a sample is seen."""
    rng = np.random.default_rng(seed)
    sound = rng.standard_normal((2, round(seconds * rate))).astype(np.float32)
    # what is left below 11 kHz survives an encoder
    return (sound[:, 3:] + sound[:, 2:-1] + sound[:, 1:-2] + sound[:, :-3]) * np.float32(0.06)


def tone(seconds: float, *, hertz: float = 220, phase: float = 0, rate: int = RATE) -> Samples:
    time_ = np.arange(round(seconds * rate)) / rate
    wave = 0.5 * np.sin(2 * np.pi * hertz * time_ + phase)
    return np.stack((wave, wave)).astype(np.float32)


def mp3(sound: Samples, path: Path, *, rate: int = RATE, bit_rate: int = 320_000) -> Path:
    """Write ``sound`` to the MP3 file ``path``."""
    with mp3_writer(path, rate=rate, channels=sound.shape[0], bit_rate=bit_rate) as file:
        file.write(sound)
    return path


def other(sound: Samples, path: Path, codec: str, *, rate: int = RATE, **options: str) -> Path:
    """Write ``sound`` in the format that the name of the file ``path`` says."""
    with av.open(str(path), "w", options=options) as container:
        stream = container.add_stream(codec, rate=rate)
        stream.codec_context.layout = "stereo"
        resampler = av.AudioResampler(
            format=stream.codec_context.format or "s16", layout="stereo", rate=rate
        )
        frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(sound), "fltp", "stereo")
        frame.sample_rate, frame.pts = rate, 0
        for piece in resampler.resample(frame):
            container.mux(stream.encode(piece))
        container.mux(stream.encode(None))
    return path


def sound_of(path: Path, *, rate: int | None = None) -> Samples:
    """Return all of the sound in ``path``."""
    with AudioReader(path) as audio:
        return np.concatenate(list(audio.blocks(rate=rate)), axis=1)


def shift(expected: Samples, heard: Samples) -> int:
    """Return by how many samples ``heard`` comes later than ``expected``."""
    size = 1 << (expected.shape[1] + heard.shape[1]).bit_length()
    spectra = [np.fft.rfft(sound.mean(axis=0), size) for sound in (heard, expected)]
    likeness = np.fft.irfft(spectra[0] * np.conj(spectra[1]))
    place = int(likeness.argmax())
    return place if place < size // 2 else place - size


def is_like(expected: Samples, heard: Samples) -> float:
    """Return how alike both are, sample by sample; 1 is the same."""
    one, two = (sound.ravel().astype(np.float64) for sound in (expected, heard))
    return float(one @ two / np.sqrt((one @ one) * (two @ two)))


def left_in(folder: Path) -> list[str]:
    """Return the names of what is in ``folder``."""
    return sorted(path.name for path in folder.iterdir())


async def appeared(path: Path) -> None:
    """Return once there is a file ``path``, which another process may make."""
    while not path.exists():  # noqa: ASYNC110, ASYNC240 - no event comes from another process
        await asyncio.sleep(0.005)


def process_id() -> int:
    return os.getpid()


def doubled(number: int) -> int:
    return number * 2


def refusing() -> None:
    raise UnusableMediaError("no")


def failing_oddly() -> None:
    class LocalError(Exception):  # can't be pickled
        pass

    raise LocalError("odd")


def failing() -> None:
    raise TransientMediaError("later")


def hanging(path: Path) -> None:
    """Say that it has begun, and never come back."""
    path.write_text(str(os.getpid()))
    while True:
        time.sleep(60)


def dying() -> None:
    os._exit(1)


def printing(text: str) -> str:
    os.write(1, text.encode())
    return text


def span(seconds: float) -> tuple[float, float]:
    """Return when it began and ended."""
    begin = time.monotonic()
    while time.monotonic() - begin < seconds:
        pass
    return begin, time.monotonic()
