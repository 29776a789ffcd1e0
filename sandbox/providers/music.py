"""Short loop-based music, computed from seeds.

All audio depends on the position in the song only: an extension has its source's tempo and key,
and begins at the position in the bar at which the source was cut.
"""

import dataclasses
import random
from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt

Samples: TypeAlias = npt.NDArray[np.float32]

SAMPLE_RATE: Final = 44_100
_BEATS_PER_BAR: Final = 4
_LOOP_BARS: Final = 4
# four chords as (semitones above the key's note, third), one per bar
_PROGRESSIONS: Final = (
    ((0, 4), (7, 4), (9, 3), (5, 4)),
    ((9, 3), (5, 4), (0, 4), (7, 4)),
    ((0, 4), (9, 3), (5, 4), (7, 4)),
    ((0, 4), (4, 3), (5, 4), (7, 4)),
    ((2, 3), (7, 4), (0, 4), (9, 3)),
)
_PENTATONIC: Final = (0, 2, 4, 7, 9, 12, 14, 16)


@dataclasses.dataclass(frozen=True, slots=True)
class Segment:
    """A part of a song.

    ``song`` seeds what a lineage has in common (key, tempo, chords), ``take`` what differs between
    clips (the melody). ``start`` and ``length`` are seconds.
    """

    song: int
    take: int
    start: float
    length: float
    voice: bool = False

    def truncated(self, seconds: float) -> "Segment":
        """Return the first ``seconds`` of the segment."""
        return dataclasses.replace(self, length=min(self.length, seconds))


def truncate_segments(segments: tuple[Segment, ...], seconds: float) -> tuple[Segment, ...]:
    """Return the first ``seconds`` of ``segments``."""
    kept: list[Segment] = []
    for segment in segments:
        if seconds <= 0:
            break
        kept.append(segment.truncated(seconds))
        seconds -= segment.length
    return tuple(kept)


def render(segments: tuple[Segment, ...]) -> Samples:
    """Return the samples of ``segments`` in sequence, shape (2, samples)."""
    return np.concatenate([_Song(segment.song).render(segment) for segment in segments], axis=1)


class _Song:
    """The properties that all segments of a song share."""

    def __init__(self, seed: int) -> None:
        rng = random.Random(seed)
        self.seed = seed
        self.beat = round(SAMPLE_RATE * 60 / rng.choice((84, 92, 100, 108, 116, 124)))
        self.bar = self.beat * _BEATS_PER_BAR
        self.key = rng.randrange(45, 57)
        self.chords = rng.choice(_PROGRESSIONS)
        self.swing = rng.choice((0.5, 0.5, 0.58))

    def render(self, segment: Segment) -> Samples:
        first, samples = round(segment.start * SAMPLE_RATE), round(segment.length * SAMPLE_RATE)
        loop = self._accompaniment()
        phase = first % loop.shape[1]
        rounds = -(-(phase + samples) // loop.shape[1])
        sound = np.tile(loop, rounds)[:, phase : phase + samples]
        self._add_melody(sound, segment, first)
        fade = min(samples, 180)  # 4 ms: avoids a click between parts, too short for an audible gap
        sound[:, :fade] *= np.linspace(0, 1, fade, dtype=np.float32)
        sound[:, -fade:] *= np.linspace(1, 0, fade, dtype=np.float32)
        return np.tanh(sound * np.float32(0.9))

    def _accompaniment(self) -> Samples:
        """Return a seamless loop of four bars with chords, bass and drums."""
        sound = np.zeros((2, self.bar * _LOOP_BARS), np.float32)
        for bar, (degree, third) in enumerate(self.chords):
            at = bar * self.bar
            root = self.key + degree
            for voice, interval in enumerate((0, third, 7, 12)):
                left = _pad_tone(root + interval + 0.03, self.bar)
                right = _pad_tone(root + interval - 0.03, self.bar)
                lean = 0.8 + 0.13 * voice
                sound[:, at : at + self.bar] += np.stack((left * lean, right * (2 - lean)))
            for eighth in range(_BEATS_PER_BAR * 2):
                low = root - 24 if root > 52 else root - 12  # noqa: PLR2004 - keep the bass low
                _mix_in(sound, _bass_tone(low, self.beat // 2), at + eighth * self.beat // 2)
        self._add_drums(sound)
        return sound

    def _add_drums(self, sound: Samples) -> None:
        noise = np.random.default_rng(self.seed).standard_normal(SAMPLE_RATE).astype(np.float32)
        kick, snare, hat = _kick_drum(), _snare_drum(noise), _hi_hat(noise)
        for beat in range(_BEATS_PER_BAR * _LOOP_BARS):
            at = beat * self.beat
            _mix_in(sound, kick if beat % 2 == 0 else snare, at)
            _mix_in(sound, hat, at)
            _mix_in(sound, hat * np.float32(0.6), at + int(self.beat * self.swing))

    def _add_melody(self, sound: Samples, segment: Segment, first: int) -> None:
        # starts a bar early, since its last notes extend into the segment
        bar = max(0, first // self.bar - 1)
        notes: dict[tuple[int, int], Samples] = {}
        while bar * self.bar < first + sound.shape[1]:
            rng = random.Random(f"{self.seed} {segment.take} {bar}")
            at = bar * self.bar - first
            steps = (0, 2, 4, 6) if segment.voice else (0, 1, 3, 4, 6, 7)
            place = rng.randrange(len(_PENTATONIC))
            for step in steps:
                place = min(max(place + rng.choice((-2, -1, 1, 2)), 0), len(_PENTATONIC) - 1)
                if rng.random() < 0.15:  # noqa: PLR2004 - the share of rests
                    continue
                pitch = self.key + 12 + _PENTATONIC[place]
                length = self.beat if segment.voice else self.beat * 3 // 4
                if (pitch, length) not in notes:
                    make = _vowel_tone if segment.voice else _chime_tone
                    notes[pitch, length] = make(pitch, length)
                _mix_in(sound, notes[pitch, length], at + step * self.beat // 2)
            bar += 1


def _mix_in(sound: Samples, note: Samples, at: int) -> None:
    """Add the mono ``note`` to ``sound`` at sample ``at``; clipped to its bounds."""
    begin, end = max(at, 0), min(at + note.shape[0], sound.shape[1])
    if begin < end:
        sound[:, begin:end] += note[begin - at : end - at]


def _phase(pitch: float, samples: int) -> Samples:
    frequency = 440 * 2 ** ((pitch - 69) / 12)
    return np.arange(samples, dtype=np.float32) * np.float32(2 * np.pi * frequency / SAMPLE_RATE)


def _decay(samples: int, seconds: float) -> Samples:
    return np.exp(np.arange(samples, dtype=np.float32) * np.float32(-1 / (seconds * SAMPLE_RATE)))


def _with_envelope(note: Samples, attack: float, release: float) -> Samples:
    rise, fall = (min(int(SAMPLE_RATE * part), note.shape[0] // 2) for part in (attack, release))
    note[:rise] *= np.linspace(0, 1, rise, dtype=np.float32)
    note[-fall:] *= np.linspace(1, 0, fall, dtype=np.float32)
    return note


def _pad_tone(pitch: float, samples: int) -> Samples:
    phase = _phase(pitch, samples)
    tone = np.sin(phase) + 0.35 * np.sin(2 * phase) + 0.12 * np.sin(3 * phase)
    return _with_envelope(tone.astype(np.float32) * np.float32(0.05), 0.06, 0.12)


def _bass_tone(pitch: float, samples: int) -> Samples:
    phase = _phase(pitch, samples)
    tone = (np.sin(phase) + 0.3 * np.sin(2 * phase)).astype(np.float32)
    return _with_envelope(tone * _decay(samples, 0.25) * np.float32(0.22), 0.005, 0.01)


def _chime_tone(pitch: float, samples: int) -> Samples:
    phase = _phase(pitch, samples * 2)
    tone = (np.sin(phase) + 0.4 * np.sin(2 * phase) + 0.1 * np.sin(5 * phase)).astype(np.float32)
    return _with_envelope(tone * _decay(samples * 2, 0.3) * np.float32(0.13), 0.004, 0.02)


def _vowel_tone(pitch: float, samples: int) -> Samples:
    """Return something like an "ah": partials weighted by two formants, with vibrato."""
    time = np.arange(samples, dtype=np.float32) / SAMPLE_RATE
    phase = _phase(pitch, samples) + 0.25 * np.sin(2 * np.pi * 5.5 * time)
    tone = np.zeros(samples, np.float32)
    for partial in range(1, 9):
        frequency = 440 * 2 ** ((pitch - 69) / 12) * partial
        weight = np.exp(-(((frequency - 750) / 350) ** 2))
        weight += 0.5 * np.exp(-(((frequency - 1150) / 300) ** 2)) + 0.25 / partial
        tone += (weight * np.sin(partial * phase)).astype(np.float32)
    return _with_envelope(tone * np.float32(0.1), 0.05, 0.08)


def _kick_drum() -> Samples:
    samples = int(SAMPLE_RATE * 0.18)
    time = np.arange(samples, dtype=np.float32) / SAMPLE_RATE
    sweep = np.sin(2 * np.pi * (50 * time + 4.5 * (1 - np.exp(-time * 35))))
    return _with_envelope(
        sweep.astype(np.float32) * _decay(samples, 0.06) * np.float32(0.6), 0.001, 0.01
    )


def _snare_drum(noise: Samples) -> Samples:
    samples = int(SAMPLE_RATE * 0.14)
    return noise[:samples] * _decay(samples, 0.035) * np.float32(0.16)


def _hi_hat(noise: Samples) -> Samples:
    samples = int(SAMPLE_RATE * 0.04)
    return np.diff(noise[: samples + 1]) * _decay(samples, 0.012) * np.float32(0.06)
