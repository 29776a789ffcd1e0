"""Encodes audio as MP3."""

# PyAV's stubs leave the parameter of Packet and the options of add_stream open
# pyright: reportUnknownMemberType=false

import io
from typing import Final

import av

from sandbox.providers.music import SAMPLE_RATE, Samples, Segment, render

_CHUNK: Final = 1152 * 64  # whole MPEG frames


def render_mp3(segments: tuple[Segment, ...]) -> bytes:
    """Return ``segments`` as MP3: 44.1 kHz, stereo, 128 kbit/s. Takes long: run it in a thread."""
    return encode_mp3(render(segments))


def encode_mp3(sound: Samples) -> bytes:
    """Return ``sound`` (2, samples) as MP3."""
    buffer = io.BytesIO()
    with av.open(buffer, "w", format="mp3") as container:
        # the fastest of the encoder's qualities: nearly twice as fast as the default
        options = {"compression_level": "9"}
        stream = container.add_stream("libmp3lame", rate=SAMPLE_RATE, options=options)
        stream.codec_context.layout = "stereo"
        stream.codec_context.format = "fltp"
        stream.bit_rate = 128_000
        for start in range(0, sound.shape[1], _CHUNK):
            piece = sound[:, start : start + _CHUNK].copy()
            frame = av.AudioFrame.from_ndarray(piece, format="fltp", layout="stereo")
            frame.sample_rate = SAMPLE_RATE
            frame.pts = start
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return buffer.getvalue()
