"""The shipped voice, loaded once for the tests of this folder."""

from pathlib import Path

import pytest
import torch

from tts_service.models.voice import Voice

FOLDER = Path(__file__).parents[2] / "tts_service" / "voices" / "qingyin"


@pytest.fixture(scope="session")
def folder() -> Path:
    return FOLDER


@pytest.fixture(scope="session")
def voice() -> Voice:
    torch.set_num_threads(1)
    return Voice.load(FOLDER)
