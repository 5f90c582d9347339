"""Finds the pitch of clean speech: normalised differences (as in YIN), then the smoothest path through them."""

from typing import Any

import numpy as np
import numpy.typing as npt

from tts_service.models.features import F0_MAX, F0_MIN, HOP, SAMPLE_RATE

_WINDOW = 640
_LONGEST = int(SAMPLE_RATE / F0_MIN)
_CANDIDATES = 5
_UNVOICED_COST = 0.28
_CERTAIN_COST = 2.0
_CHANGE_COST = 0.25
_JUMP_COST = 12.0  # per octave and frame, beyond what a falling tone does in a frame
_GLIDE = 0.04  # octaves a frame
_SILENCE = 0.003  # rms of a frame under which nothing is voiced

Floats = npt.NDArray[np.floating[Any]]


def _differences(sound: Floats, frames: int) -> Floats:
    """The cumulative-mean-normalised difference of every frame at every lag: (frames, _LONGEST + 2)."""
    size = _WINDOW + _LONGEST + 2
    margin = (size - HOP) // 2
    padded = np.concatenate([np.zeros(margin, np.float32), sound, np.zeros(size, np.float32)])
    starts = np.arange(frames) * HOP
    block = padded[starts[:, None] + np.arange(size)]
    fft_size = 2048
    head = np.fft.rfft(block[:, :_WINDOW], fft_size)
    whole = np.fft.rfft(block, fft_size)
    correlation = np.fft.irfft(whole * np.conj(head), fft_size)[:, : _LONGEST + 2]
    energy = np.concatenate([np.zeros((frames, 1)), np.cumsum(block.astype(np.float64) ** 2, axis=1)], axis=1)
    lags = np.arange(_LONGEST + 2)
    shifted = energy[:, lags + _WINDOW] - energy[:, lags]
    difference = np.maximum(shifted[:, :1] + shifted - 2 * correlation, 0.0)
    running = np.cumsum(difference[:, 1:], axis=1) / np.arange(1, _LONGEST + 2)
    normalised = np.ones_like(difference)
    normalised[:, 1:] = difference[:, 1:] / np.maximum(running, 1e-9)
    result: Floats = normalised.astype(np.float32)
    return result


def track(
    sound: Floats,
    allowed: npt.NDArray[np.bool_] | None = None,
    certain: npt.NDArray[np.bool_] | None = None,
    lowest: float = F0_MIN,
    highest: float = F0_MAX,
) -> Floats:
    """Pitch of sound (samples in [-1, 1], 22,050 Hz) per frame of HOP samples, in Hz, 0 where nothing is voiced.

    ``allowed`` marks the frames that can be voiced at all (the teacher's alignment knows pauses and voiceless
    consonants), which keeps spikes out of the edges of fricatives; ``certain`` marks those that surely are.
    ``lowest`` and ``highest`` bound the pitch in Hz.
    """
    frames = len(sound) // HOP
    if frames == 0:
        return np.zeros(0, np.float32)
    cost = _differences(sound, frames)
    lags = np.arange(int(SAMPLE_RATE / highest), min(int(SAMPLE_RATE / lowest), _LONGEST))
    centre, left, right = cost[:, lags], cost[:, lags - 1], cost[:, lags + 1]
    # a longer period explains the sound as well as the true one: the shortest has a small advantage
    local = np.where((centre <= left) & (centre < right), centre + 0.02 * lags / _LONGEST, np.inf)
    best = np.argpartition(local, _CANDIDATES, axis=1)[:, :_CANDIDATES]
    value = np.take_along_axis(local, best, 1)
    a, b, c = (np.take_along_axis(x, best, 1) for x in (left, centre, right))
    curvature = a - 2 * b + c
    offset = np.where(np.abs(curvature) > 1e-9, 0.5 * (a - c) / np.where(np.abs(curvature) > 1e-9, curvature, 1), 0.0)
    frequency = SAMPLE_RATE / (lags[best] + np.clip(offset, -0.5, 0.5))
    power = np.sqrt(np.mean(sound[: frames * HOP].reshape(frames, HOP) ** 2, axis=1))
    voiceable = power > _SILENCE
    if allowed is not None:
        voiceable &= allowed[:frames]
    value = np.where(voiceable[:, None], value, np.inf)
    unvoiced = np.full(frames, _UNVOICED_COST)
    if certain is not None:
        unvoiced[certain[:frames] & voiceable] = _CERTAIN_COST
    return _smoothest(value, np.log2(frequency), unvoiced)


def _smoothest(value: Floats, octaves: Floats, unvoiced: Floats) -> Floats:
    """The path of least cost through the candidates of each frame; its last state means unvoiced."""
    frames, count = value.shape
    value = np.where(np.isfinite(value), value, 1e3)
    total = np.append(value[0], unvoiced[0])
    back = np.zeros((frames, count + 1), np.int32)
    step = np.full((count + 1, count + 1), _CHANGE_COST)
    step[count, count] = 0.0
    for frame in range(1, frames):
        step[:count, :count] = _JUMP_COST * np.maximum(
            np.abs(octaves[frame - 1][:, None] - octaves[frame][None, :]) - _GLIDE, 0.0
        )
        path = total[:, None] + step
        back[frame] = np.argmin(path, axis=0)
        total = path[back[frame], np.arange(count + 1)] + np.append(value[frame], unvoiced[frame])
    pitch = np.zeros(frames, np.float32)
    state = int(np.argmin(total))
    for frame in range(frames - 1, -1, -1):
        if state < count:
            pitch[frame] = 2.0 ** octaves[frame, state]
        state = int(back[frame, state])
    return pitch
