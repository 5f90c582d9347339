"""Makes the voice from nothing: ``python -m tts_service.training.all --version 2 --minutes 150``.

Corpus, acoustic model, vocoder, vocoder tuned on the acoustic model's output, export, report. Stopped and started
again, it goes on where it was; each part can also be run by itself.
"""

import argparse
from pathlib import Path

import torch

from tts_service.training import acoustic, corpus, export, report, vocoder

_SHARES = {"acoustic": 0.55, "vocoder": 0.33, "tune": 0.12}


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--version", required=True)
    parser.add_argument("--hours", type=float, default=6.0, help="speech in the corpus")
    parser.add_argument("--minutes", type=float, default=150.0, help="training, all three parts together")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--work", type=Path, default=corpus.WORK)
    parser.add_argument("--out", type=Path, default=export.VOICES / export.VOICE)
    arguments = parser.parse_args()
    work, hours, minutes = arguments.work, arguments.hours, arguments.minutes
    corpus.make(work / "corpus", hours)
    torch.set_num_threads(arguments.threads)
    acoustic.train(work, minutes=minutes * _SHARES["acoustic"], hours=hours, size=8, rate=2e-3)
    vocoder.train(work, minutes=minutes * _SHARES["vocoder"], hours=hours, size=12, rate=1.5e-3, tune=False)
    vocoder.train(work, minutes=minutes * _SHARES["tune"], hours=hours, size=12, rate=5e-4, tune=True)
    export.export(work, arguments.out, arguments.version)
    report.report(arguments.work, arguments.out)


if __name__ == "__main__":
    main()
