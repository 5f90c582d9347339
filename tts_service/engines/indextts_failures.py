"""What goes wrong in IndexTTS, told by its log or its answer: cause and remedy."""

import re
from dataclasses import dataclass
from enum import Enum
from typing import Final

from tts_service.engines.base import EngineFailed


class Kind(Enum):
    """What follows from a failure: how it is tried again, if at all."""

    MEMORY = "memory"  # less at once, less precision
    BROKEN = "broken"  # the CUDA context is lost: only a new process helps
    GONE = "gone"  # the process ended or doesn't listen
    STUCK = "stuck"  # it doesn't come to an end
    BUSY = "busy"  # its queue is full
    UNTOLD = "untold"  # it failed and says nothing: Gradio keeps the reason in the process's log
    OTHER = "other"  # trying again would fail again


class UpstreamFailed(EngineFailed):
    """IndexTTS could not speak; the text holds cause and remedy."""

    def __init__(self, kind: Kind, text: str) -> None:
        super().__init__(text)
        self.kind = kind


@dataclass(frozen=True)
class _Known:
    pattern: re.Pattern[str]
    kind: Kind
    text: str


def _known(pattern: str, kind: Kind, text: str) -> _Known:
    return _Known(re.compile(pattern, re.IGNORECASE), kind, text)


_KNOWN: Final = (
    _known(
        r"CUDA (error: )?out of memory|OutOfMemoryError|CUBLAS_STATUS_ALLOC_FAILED",
        Kind.MEMORY,
        "the GPU's memory ran out: use shorter texts, end other programs on the GPU, or start with --low-memory",
    ),
    _known(
        r"device-side assert|CUDA error: (an illegal memory access|unspecified)|CUDNN_STATUS_EXECUTION_FAILED",
        Kind.BROKEN,
        "CUDA broke down in the middle (often a text that is too long in one piece): its process must be started again",
    ),
    _known(
        r"probability tensor contains either",
        Kind.OTHER,
        "half precision overflows on this GPU: start IndexTTS without --fp16",
    ),
    _known(
        r"no kernel image is available|is not compatible with the current PyTorch",
        Kind.OTHER,
        "its PyTorch was not built for this GPU: install the wheel for the GPU's compute capability",
    ),
    _known(
        r"model_kwargs.*not used by the model.*duration_factor",
        Kind.OTHER,
        "this checkout hands version 2 a setting that only 2.5 knows: run 2.5, or for version 2 the tag v2.0.0",
    ),
    _known(
        r"assert offset \+ size < self\.max_len",
        Kind.OTHER,
        "the reference recording is too long: at most 15 seconds",
    ),
    _known(
        r"LibsndfileError|NoBackendError|Error opening .*: Format not recognised|audioread\.exceptions",
        Kind.OTHER,
        "it can't read the reference recording: hand in a wav",
    ),
    _known(
        r"unrecognized arguments: --server_port",
        Kind.OTHER,
        "its webui.py takes --port: a wrapper hands it the flag of a bundle",
    ),
    _known(
        r"still missing:|Failed to download model",
        Kind.OTHER,
        "its weights are missing or belong to the other version: fetch them into its checkpoints folder, and check "
        "TTS_INDEXTTS_VERSION",
    ),
    _known(
        r"PytorchStreamReader failed|unexpected EOF|MetadataIncompleteBuffer",
        Kind.OTHER,
        "a weights file is cut off: fetch it again",
    ),
    _known(
        r"Cannot find empty port|Address already in use",
        Kind.OTHER,
        "its port is taken: end the other program or set TTS_INDEXTTS_PORT",
    ),
    _known(
        r"Torch not compiled with CUDA",
        Kind.OTHER,
        "its PyTorch is the CPU build: install the CUDA build in its environment",
    ),
    _known(r"ModuleNotFoundError: (No module named \S+)", Kind.OTHER, "its environment is incomplete: run uv sync"),
)


def explain(log: str) -> UpstreamFailed | None:
    """Finds the failure that a piece of log tells; the latest wins, for the first tries are in it as well."""
    found = [(match.start(), known) for known in _KNOWN for match in known.pattern.finditer(log)]
    if not found:
        return None
    position, known = max(found, key=lambda pair: pair[0])
    said = log[log.rfind("\n", 0, position) + 1 :].partition("\n")[0].strip()
    return UpstreamFailed(known.kind, f"IndexTTS failed: {known.text} (it says: {said[:200]})")
