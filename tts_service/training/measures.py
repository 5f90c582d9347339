"""Measures of likeness between two recordings of the same words."""

import numpy as np
import numpy.typing as npt
import torch

from tts_service.models.features import log_mel

_COEFFICIENTS = 24
_FLOOR = -9.0  # log amplitude; what is quieter counts as silence
Floats = npt.NDArray[np.float64]


def cepstra(sound: npt.NDArray[np.float32]) -> Floats:
    """Mel cepstra 1 to 24 per frame, from 80 log-mel bands; the level (coefficient 0) is left out."""
    mel = log_mel(torch.from_numpy(sound)[None])[0].clamp(min=_FLOOR).double().numpy()
    bands = mel.shape[1]
    angles = np.pi / bands * (np.arange(bands) + 0.5)
    basis = np.cos(np.outer(np.arange(1, _COEFFICIENTS + 1), angles)) * 2 / bands
    result: Floats = mel @ basis.T
    return result


def _path(cost: Floats) -> list[tuple[int, int]]:
    """The cheapest way through a cost matrix, by dynamic time warping with steps (1, 0), (0, 1), (1, 1)."""
    rows, columns = cost.shape
    total = np.full((rows + 1, columns + 1), np.inf)
    total[0, 0] = 0.0
    for diagonal in range(2, rows + columns + 1):
        i = np.arange(max(1, diagonal - columns), min(rows, diagonal - 1) + 1)
        j = diagonal - i
        best = np.minimum(np.minimum(total[i - 1, j], total[i, j - 1]), total[i - 1, j - 1])
        total[i, j] = cost[i - 1, j - 1] + best
    i, j = rows, columns
    path = []
    while i > 0 and j > 0:
        path.append((i - 1, j - 1))
        step = int(np.argmin([total[i - 1, j - 1], total[i - 1, j], total[i, j - 1]]))
        i, j = i - (step != 2), j - (step != 1)
    return path[::-1]


def align(ours: Floats, theirs: Floats) -> list[tuple[int, int]]:
    """Pairs of frames of two sequences of cepstra, by dynamic time warping."""
    squares = (ours**2).sum(1)[:, None] + (theirs**2).sum(1)[None] - 2 * ours @ theirs.T
    return _path(np.sqrt(np.maximum(squares, 0.0)))


def mel_cepstral_distortion(ours: Floats, theirs: Floats, path: list[tuple[int, int]]) -> float:
    """Mean distance along a path, in dB: 10 / ln 10 * sqrt(2 * sum of squared differences)."""
    first, second = np.array(path).T
    distance = np.sqrt(2 * ((ours[first] - theirs[second]) ** 2).sum(1))
    return float(10 / np.log(10) * distance.mean())
