"""Cut audio and keep it as FLAC: exact to the sample, at half the size of the samples."""

# PyAV's stubs leave the types of streams and frames open
# pyright: reportUnknownMemberType=false

from pathlib import Path
from typing import Final

import av
import numpy as np

from bot.audio.decode import AudioReader, Samples

_FULL_SCALE: Final = 32_767  # of 16 bits


def cut(path: Path, into: Path, *, seconds: float) -> None:
    """Write the first ``seconds`` of the audio in ``path`` to ``into`` as FLAC of 16 bits.

    Its length is right to the sample; audio that is shorter is kept whole.

    Raises:
        UnusableMediaError: it is not audio.
        TransientMediaError: it is truncated.
    """
    with AudioReader(path) as audio, av.open(str(into), "w", format="flac") as container:
        layout = "mono" if audio.channels == 1 else "stereo"
        stream = container.add_stream("flac", rate=audio.rate)
        stream.codec_context.layout = layout
        stream.codec_context.format = "s16"
        left, written = round(seconds * audio.rate), 0
        for block in audio.blocks():
            kept = block[:, :left]
            left -= kept.shape[1]
            if kept.shape[1]:
                frame = av.AudioFrame.from_ndarray(_interleaved(kept), format="s16", layout=layout)
                frame.sample_rate = audio.rate
                frame.pts = written
                written += kept.shape[1]
                container.mux(stream.encode(frame))
            if not left:
                break
        container.mux(stream.encode(None))


def _interleaved(samples: Samples) -> "np.ndarray[tuple[int, int], np.dtype[np.int16]]":
    levels = np.clip(np.rint(samples * _FULL_SCALE), -_FULL_SCALE - 1, _FULL_SCALE)
    return np.ascontiguousarray(levels.T.reshape(1, -1).astype(np.int16))
