"""Makes the voice from nothing: ``python -m tts_service.training.all --version 3 --minutes 150``.

Corpus, acoustic model and vocoder side by side, vocoder tuned on the acoustic model's output, export, report. Stopped
and started again, it goes on where it was; each part can also be run by itself.
"""

import argparse
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path

import torch

from tts_service.training import corpus, export, report, vocoder

_TOGETHER = 0.85
"""Share of the minutes for the two networks; the rest tunes the vocoder."""


def _side_by_side(commands: Sequence[Sequence[str]]) -> None:
    """Runs modules in processes of their own; ends the others as soon as one fails, or when we are interrupted."""
    running = [subprocess.Popen([sys.executable, "-m", *command]) for command in commands]
    try:
        with ThreadPoolExecutor(len(running)) as pool:
            for ended in as_completed({pool.submit(process.wait): process for process in running}):
                if ended.result() != 0:
                    for process in running:
                        process.terminate()
        failed = [c[0] for c, process in zip(commands, running, strict=True) if process.returncode != 0]
        if failed:
            raise SystemExit(f"{', '.join(failed)} did not end well; the same command goes on where it was")
    finally:
        for process in running:
            process.terminate()


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--version", required=True)
    parser.add_argument("--hours", type=float, default=10.0, help="speech in the corpus")
    parser.add_argument("--minutes", type=float, default=150.0, help="training, by the clock")
    parser.add_argument("--threads", type=int, default=2, help="for the tuning; 1 where something else needs a core")
    parser.add_argument("--work", type=Path, default=corpus.WORK)
    parser.add_argument("--out", type=Path, default=export.VOICES / export.VOICE)
    arguments = parser.parse_args()
    work, hours, minutes = arguments.work, arguments.hours, arguments.minutes
    corpus.make(work / "corpus", hours)
    # Two processes of one thread teach more than one process of two threads, one network after the other.
    common = ("--hours", f"{hours}", "--work", f"{work}", "--minutes", f"{minutes * _TOGETHER}", "--threads", "1")
    _side_by_side([[f"tts_service.training.{part}", *common] for part in ("acoustic", "vocoder")])
    torch.set_num_threads(arguments.threads)
    vocoder.train(work, minutes=minutes * (1 - _TOGETHER), hours=hours, size=12, rate=5e-4, tune=True)
    export.export(work, arguments.out, arguments.version)
    report.report(work, arguments.out, pictures=work / "report")


if __name__ == "__main__":
    main()
