"""eSpeak NG through ctypes: sound together with the sample at which every phoneme begins.

The library and its data come with the Python package ``espeakng-loader``. eSpeak NG keeps global state, so a process
has one `Espeak` at most and uses it from one thread.
"""

import ctypes
import functools
import tempfile
from dataclasses import dataclass
from pathlib import Path

import espeakng_loader
import numpy as np
import numpy.typing as npt

SAMPLE_RATE = 22050
_AUDIO_OUTPUT_SYNCHRONOUS = 2
_INITIALIZE_PHONEME_EVENTS = 1
_CHARS_UTF8 = 1
_PHONEMES_IN_BRACKETS = 0x100
_END_PAUSE = 0x1000
_EVENT_LIST_TERMINATED = 0
_EVENT_PHONEME = 7
_RATE, _VOLUME = 1, 2
_UNSTEADY = ("flutter", "roughness", "echo")


class _EventId(ctypes.Union):
    _fields_ = [("number", ctypes.c_int), ("name", ctypes.c_char_p), ("string", ctypes.c_char * 8)]


class _Event(ctypes.Structure):
    _fields_ = [
        ("type", ctypes.c_int),
        ("unique_identifier", ctypes.c_uint),
        ("text_position", ctypes.c_int),
        ("length", ctypes.c_int),
        ("audio_position", ctypes.c_int),
        ("sample", ctypes.c_int),
        ("user_data", ctypes.c_void_p),
        ("id", _EventId),
    ]


_Callback = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.POINTER(_Event))


@dataclass(frozen=True)
class Phoneme:
    """One phoneme event: eSpeak's mnemonic and the sample at which it begins."""

    mnemonic: str
    start: int


@dataclass(frozen=True)
class Utterance:
    """What eSpeak said: int16 samples at 22,050 Hz and its phonemes in order."""

    samples: npt.NDArray[np.int16]
    phonemes: tuple[Phoneme, ...]


def _steady_data(folder: Path) -> None:
    """Lays eSpeak's data out in `folder` by links, with its voice variants made steady.

    Flutter moves the pitch at random, by 3 to 9 cents, roughness makes every other period weaker, and the echo of a
    phoneme lies on the next: a model can learn none of them, and the pitch tracker errs by them.
    """
    data = Path(espeakng_loader.get_data_path())
    (folder / "voices" / "!v").mkdir(parents=True)
    for entry in data.iterdir():
        if entry.name != "voices":
            (folder / entry.name).symlink_to(entry)
    for entry in (data / "voices").iterdir():
        if entry.name != "!v":
            (folder / "voices" / entry.name).symlink_to(entry)
    for variant in (data / "voices" / "!v").iterdir():
        lines = variant.read_text("utf-8", errors="replace").splitlines()
        kept = [line for line in lines if not line.startswith(_UNSTEADY)]
        steady = "\n".join([*kept, "flutter 0", "roughness 0", ""])
        (folder / "voices" / "!v" / variant.name).write_text(steady, "utf-8")


class Espeak:
    """The process's one eSpeak; get it with `espeak()`."""

    def __init__(self) -> None:
        self._library = ctypes.CDLL(espeakng_loader.get_library_path())
        self._data = tempfile.TemporaryDirectory()  # kept: eSpeak reads a variant each time a voice is chosen
        _steady_data(Path(self._data.name))
        rate = self._library.espeak_Initialize(
            _AUDIO_OUTPUT_SYNCHRONOUS, 0, self._data.name.encode(), _INITIALIZE_PHONEME_EVENTS
        )
        if rate != SAMPLE_RATE:
            raise RuntimeError(f"eSpeak NG did not start as expected: espeak_Initialize returned {rate}")
        self._samples: list[npt.NDArray[np.int16]] = []
        self._phonemes: list[Phoneme] = []
        self._callback = _Callback(self._receive)  # kept: ctypes frees a callback that nobody holds
        self._library.espeak_SetSynthCallback(self._callback)

    def _receive(self, wav: "ctypes._Pointer[ctypes.c_short]", count: int, events: "ctypes._Pointer[_Event]") -> int:
        if count > 0 and wav:
            self._samples.append(np.ctypeslib.as_array(wav, (count,)).copy())
        index = 0
        while events[index].type != _EVENT_LIST_TERMINATED:
            if events[index].type == _EVENT_PHONEME:
                mnemonic = bytes(events[index].id.string).split(b"\0")[0].decode("utf-8", "replace")
                self._phonemes.append(Phoneme(mnemonic, events[index].sample))
            index += 1
        return 0

    def say(self, text: str, voice: str, volume: int = 60) -> Utterance:
        """Speaks text, in which ``[[…]]`` holds phoneme mnemonics and ``\\x01<n>P|S|A|R`` are embedded commands.

        Raises ValueError for an unknown voice, RuntimeError when eSpeak fails.
        """
        self._samples.clear()
        self._phonemes.clear()
        if self._library.espeak_SetVoiceByName(voice.encode()) != 0:
            raise ValueError(f"eSpeak NG has no voice {voice!r}")
        self._library.espeak_SetParameter(_VOLUME, volume, 0)
        self._library.espeak_SetParameter(_RATE, 175, 0)
        data = text.encode()
        flags = _CHARS_UTF8 | _PHONEMES_IN_BRACKETS | _END_PAUSE
        if self._library.espeak_Synth(data, len(data) + 1, 0, 1, 0, flags, None, None) != 0:
            raise RuntimeError("eSpeak NG refused to synthesise")
        samples = np.concatenate(self._samples) if self._samples else np.zeros(0, np.int16)
        return Utterance(samples, tuple(self._phonemes))


@functools.cache
def espeak() -> Espeak:
    """The process's one eSpeak, started at the first call."""
    return Espeak()
