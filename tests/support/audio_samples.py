"""Audio with known content, and files made of it."""

import asyncio
from pathlib import Path

import av
import numpy as np

from bot.audio.decode import AudioReader, Samples
from bot.audio.mp3 import Mp3Writer

RATE = 44_100


def noise(seconds: float, *, seed: int = 1, rate: int = RATE) -> Samples:
    """Return stereo noise: no part of it is like any other, so a shift by a sample shows."""
    rng = np.random.default_rng(seed)
    samples = rng.standard_normal((2, round(seconds * rate))).astype(np.float32)
    # what is left below 11 kHz survives an encoder
    smooth = samples[:, 3:] + samples[:, 2:-1] + samples[:, 1:-2] + samples[:, :-3]
    return smooth * np.float32(0.06)


def tone(seconds: float, *, hertz: float = 220, phase: float = 0, rate: int = RATE) -> Samples:
    time = np.arange(round(seconds * rate)) / rate
    wave = 0.5 * np.sin(2 * np.pi * hertz * time + phase)
    return np.stack((wave, wave)).astype(np.float32)


def write_mp3(samples: Samples, path: Path, *, rate: int = RATE, bit_rate: int = 320_000) -> Path:
    with Mp3Writer(path, rate=rate, channels=samples.shape[0], bit_rate=bit_rate) as mp3:
        mp3.write(samples)
    return path


def write_audio(
    samples: Samples, path: Path, codec: str, *, rate: int = RATE, **options: str
) -> Path:
    """Write ``samples`` with FFmpeg, in the format that the name of the file ``path`` says."""
    with av.open(str(path), "w", options=options) as container:
        stream = container.add_stream(codec, rate=rate)
        stream.codec_context.layout = "stereo"
        resampler = av.AudioResampler(
            format=stream.codec_context.format or "s16", layout="stereo", rate=rate
        )
        frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(samples), "fltp", "stereo")
        frame.sample_rate, frame.pts = rate, 0
        for piece in resampler.resample(frame):
            container.mux(stream.encode(piece))
        container.mux(stream.encode(None))
    return path


def read_samples(path: Path) -> Samples:
    with AudioReader(path) as audio:
        return np.concatenate(list(audio.blocks()), axis=1)


def between(audio: Samples, start: float, end: float) -> Samples:
    """Return what is heard from one second to another."""
    return audio[:, round(start * RATE) : round(end * RATE)]


def delay(expected: Samples, decoded: Samples) -> int:
    """Return by how many samples ``decoded`` comes later than ``expected``."""
    size = 1 << (expected.shape[1] + decoded.shape[1]).bit_length()
    spectra = [np.fft.rfft(samples.mean(axis=0), size) for samples in (decoded, expected)]
    correlation = np.fft.irfft(spectra[0] * np.conj(spectra[1]))
    place = int(correlation.argmax())
    return place if place < size // 2 else place - size


def likeness(expected: Samples, decoded: Samples) -> float:
    """Return the correlation of both, sample by sample; 1 is the same."""
    one, two = (samples.ravel().astype(np.float64) for samples in (expected, decoded))
    return float(one @ two / np.sqrt((one @ one) * (two @ two)))


def file_names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


async def wait_for_file(path: Path) -> None:
    """Return once there is a file ``path``, which another process may make."""
    while not path.exists():  # noqa: ASYNC110, ASYNC240 - no event comes from another process
        await asyncio.sleep(0.005)
