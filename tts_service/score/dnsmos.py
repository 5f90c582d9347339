"""DNSMOS: what listeners would probably say about noise and distortion, on a scale from 1 to 5.

The models come with the package `speechmos` (MIT) and run offline on `onnxruntime`; both are the optional extra
``score``. Only the model files of the package are used: its Python code imports librosa and more, hundreds of
megabytes and twenty seconds at the first call, for one mel spectrogram. Two models: one reads nine seconds of sound
and answers for speech, background and the whole (ITU-T P.835); the other reads 120 mel bands (P.808).

On Chinese these figures only compare: the same sentences, old against new. They are no absolute MOS.
"""

import importlib
import importlib.util
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from tts_service.score.resample import resample

MISSING: Final = "not installed: pip install 'zentao-deploy[score]'"
_RATE: Final = 16000
_LENGTH: Final = 144_160  # samples that the first model takes, 9.01 s
_FFT, _HOP, _BANDS = 321, 160, 120
_TOP_DECIBEL: Final = 80.0
# From the models' raw answers to the scale of the listening tests, highest power first.
_TO_SPEECH: Final = (-0.08397278, 1.22083953, 0.0052439)
_TO_BACKGROUND: Final = (-0.13166888, 1.60915514, -0.39604546)
_TO_WHOLE: Final = (-0.06766283, 1.11546468, 0.04602535)

Floats = npt.NDArray[np.floating[Any]]


@dataclass(frozen=True)
class Opinion:
    """The four figures, 1 to 5: the whole, speech, background (P.835), and the whole by the other model (P.808)."""

    whole: float
    speech: float
    background: float
    p808: float


def _hertz(mel: Floats) -> Floats:
    """Slaney's mel scale: even below 1 kHz, logarithmic above."""
    linear = mel * 200 / 3
    return np.where(mel < 15, linear, 1000 * np.exp((mel - 15) * np.log(6.4) / 27))


def _mel_filters() -> Floats:
    """Triangles of equal area from 0 to 8 kHz: (_BANDS, _FFT // 2 + 1)."""
    top = 15 + np.log(8000 / 1000) * 27 / np.log(6.4)
    edges = _hertz(np.linspace(0, top, _BANDS + 2))
    bins = np.fft.rfftfreq(_FFT, 1 / _RATE)
    lower, centre, upper = edges[:-2, None], edges[1:-1, None], edges[2:, None]
    triangles = np.clip(np.minimum((bins - lower) / (centre - lower), (upper - bins) / (upper - centre)), 0, None)
    result: Floats = triangles * (2 / (upper - lower))
    return result


def mel_spectrogram(sound: Floats) -> npt.NDArray[np.float32]:
    """The second model's input for sound at 16 kHz: (frames, 120) dB under the loudest, 40 dB = 0, scaled by 40."""
    padded = np.pad(sound.astype(np.float64), _FFT // 2)
    frames = np.lib.stride_tricks.sliding_window_view(padded, _FFT)[::_HOP]
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(_FFT) / _FFT)
    power = np.abs(np.fft.rfft(frames * window)) ** 2
    mel = np.maximum(power @ _mel_filters().T, 1e-10)
    decibel = 10 * np.log10(mel / mel.max())
    bands: npt.NDArray[np.float32] = ((np.maximum(decibel, -_TOP_DECIBEL) + 40) / 40).astype(np.float32)
    return bands


class Dnsmos:
    """The two models, loaded."""

    def __init__(self, primary: Callable[[Floats], Floats], second: Callable[[Floats], Floats]) -> None:
        self._primary, self._second = primary, second

    @classmethod
    def load(cls) -> "Dnsmos | None":
        """Loads the models; None when the optional extra is not installed."""
        found = importlib.util.find_spec("speechmos")
        if found is None or found.origin is None or importlib.util.find_spec("onnxruntime") is None:
            return None
        models = Path(found.origin).parent / "dnsmos_models"
        runtime = importlib.import_module("onnxruntime")
        options = runtime.SessionOptions()
        options.intra_op_num_threads = 1
        options.log_severity_level = 3

        def model(name: str) -> Callable[[Floats], Floats]:
            session = runtime.InferenceSession(str(models / name), options, providers=["CPUExecutionProvider"])
            return lambda values: np.asarray(session.run(None, {"input_1": values[None]})[0][0])

        return cls(model("sig_bak_ovr.onnx"), model("model_v8.onnx"))

    def __call__(self, sound: Floats, rate: int) -> Opinion:
        """Judges mono sound within ±1, in pieces of 9 s that begin every second.

        Shorter sound is repeated until one piece is full. (The package judges its repetitions again, up to eight times
        the work for the same sound.)
        """
        heard = np.clip(resample(sound, rate, _RATE), -1, 1)
        if len(heard) < _LENGTH:
            heard = np.tile(heard, -(-_LENGTH // len(heard)))[:_LENGTH]
        answers = []
        for start in range(0, len(heard) - _LENGTH + 1, _RATE):
            piece = heard[start : start + _LENGTH].astype(np.float32)
            speech, background, whole = self._primary(piece)
            second = self._second(mel_spectrogram(piece[:-_HOP]))
            answers.append((whole, speech, background, float(second.reshape(-1)[0])))
        whole, speech, background, p808 = np.mean(answers, axis=0)
        return Opinion(
            float(np.polyval(_TO_WHOLE, whole)),
            float(np.polyval(_TO_SPEECH, speech)),
            float(np.polyval(_TO_BACKGROUND, background)),
            float(p808),
        )
