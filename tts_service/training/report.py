"""Measures a voice against its teacher: ``python -m tts_service.training.report``.

Speaks held-out utterances of the dev shard (never trained on), lets the judge listen, prints a table, writes
``benchmarks/results/voice.json``, and spectrograms and sounds to look at and listen to.
"""

import argparse
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from benchmarks.report import write
from tts_service.models.acoustic import PITCH_CENTRE, spread
from tts_service.models.features import FRAME_RATE, HOP, SAMPLE_RATE
from tts_service.models.voice import Voice
from tts_service.training.acoustic import batch
from tts_service.training.corpus import DEV, DEV_SECONDS, WORK, Example, load_shard, make_shard
from tts_service.training.export import VOICE, VOICES
from tts_service.training.heldout import held_out, units_of
from tts_service.training.judge_report import judge_figures
from tts_service.training.measures import align, cepstra, mel_cepstral_distortion
from tts_service.training.mixed import spoken
from tts_service.training.pictures import draw

_SENTENCES = 200  # the dev shard holds fewer of a sentence's length, and all are taken


@torch.inference_mode()
def pitch_and_duration_errors(voice: Voice, example: Example) -> tuple[np.ndarray, np.ndarray]:
    """Absolute pitch errors in cents per voiced frame (at the teacher's durations), duration errors in ms per token."""
    model = voice.acoustic
    data = batch([example], next(model.parameters()).device)
    encoded, durations = model.encode(data.ids, data.places, data.speaker, data.emotion, data.pace)
    over = spread(data.durations, data.mel.shape[1])
    predicted = model.prosody(model.expand(encoded, over), over.mask).pitch[0].cpu().numpy()
    cents = 1200 / np.log(2) * np.abs(predicted - (np.log(example.pitch) - PITCH_CENTRE))[example.voiced > 0]
    milliseconds = 1000 / FRAME_RATE * np.abs(np.expm1(durations[0].cpu().numpy()) - example.durations)
    return cents, milliseconds


def _decibel(value: float) -> float:
    return 20 * float(np.log10(max(value, 1e-6)))


def measure(voice: Voice, examples: Sequence[Example]) -> dict[str, Any]:
    """The figures over held-out examples."""
    distortions, copies, cents, milliseconds, peaks, seconds, computing, pauses = [], [], [], [], [], 0.0, 0.0, []
    for example in examples:
        speaker, emotion = voice.speakers[example.speaker], voice.emotions[example.emotion]
        units = units_of(example)
        began = time.process_time()
        score = voice.score(units, speaker=speaker, emotion=emotion, speed=float(np.exp(-example.pace)))
        sound = next(voice.sound(score))
        computing += time.process_time() - began
        seconds += len(sound) / SAMPLE_RATE
        real = (example.sound / 32768).astype(np.float32)
        ours, theirs = cepstra(sound), cepstra(real)
        distortions.append(mel_cepstral_distortion(ours, theirs, align(ours, theirs)))
        copy = cepstra(voice.copy(example.mel, example.pitch, example.voiced))
        copies.append(mel_cepstral_distortion(copy, theirs, [(i, i) for i in range(len(theirs))]))
        errors = pitch_and_duration_errors(voice, example)
        cents.append(errors[0])
        milliseconds.append(errors[1])
        peaks.append(float(np.abs(sound).max()))
        closed = np.repeat(score.open[0].cpu().numpy() == 0, HOP)
        pauses.append(float(np.abs(sound[closed]).max(initial=0.0)))
    pitch, duration = np.concatenate(cents), np.concatenate(milliseconds)
    return {
        "sentences": len(examples),
        "speech_seconds": round(seconds, 1),
        "mcd_db": round(float(np.mean(distortions)), 3),
        "mcd_db_worst": round(float(np.max(distortions)), 3),
        "mcd_db_copy_synthesis": round(float(np.mean(copies)), 3),
        "f0_error_cents_median": round(float(np.median(pitch)), 1),
        "f0_error_cents_p90": round(float(np.percentile(pitch, 90)), 1),
        "duration_mae_ms_per_token": round(float(duration.mean()), 2),
        "peak": round(max(peaks), 3),
        "clipped_sentences": sum(peak >= 1.0 for peak in peaks),
        "pause_dbfs_worst": round(_decibel(max(pauses)), 1),
        "cpu_seconds_per_second_one_thread": round(computing / seconds, 4),
    }


def _mixed(voice: Voice) -> dict[str, float]:
    """Phone errors, all names told apart, in written sentences with English words inside."""
    figures = judge_figures(voice, list(spoken()))
    kept = ("per_percent_apart", "teacher_per_percent_apart")
    return {f"mixed_{name}": value for name, value in figures.items() if name in kept}


def report(
    work: Path, voice_folder: Path, *, sentences: int = _SENTENCES, pictures: Path | None = None, on: str = "cpu"
) -> None:
    """Measures the voice in `voice_folder` on a device (``cpu`` or ``cuda``), prints the table and writes
    ``benchmarks/results/voice.json``, or ``voice-cuda.json``.

    The held-out utterances are made by the teacher where the work folder has none.
    """
    torch.set_num_threads(1)
    voice = Voice.load(voice_folder, on)
    corpus = work / "corpus"
    corpus.mkdir(parents=True, exist_ok=True)
    make_shard(corpus, DEV, DEV_SECONDS)
    examples = held_out(load_shard(corpus / f"{DEV}.npz"), sentences)
    figures: dict[str, Any] = {
        "voice": f"{voice.description.name} {voice.description.version}",
        "computed": f"{on}, {voice.precision}",
        **measure(voice, examples),
        **judge_figures(voice, examples),
        **_mixed(voice),
    }
    figures["weights_mb"] = round(sum(path.stat().st_size for path in voice_folder.glob("*.safetensors")) / 1e6, 2)
    written = write("voice" if on == "cpu" else f"voice-{on}", figures)
    width = max(map(len, figures))
    for name, value in figures.items():
        print(f"{name:<{width}}  {value}")
    print(written)
    if pictures:
        draw(voice, examples[:6], pictures)
        print(f"spectrograms and sounds: {pictures}")


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sentences", type=int, default=_SENTENCES, help="at most")
    parser.add_argument("--work", type=Path, default=WORK)
    parser.add_argument("--voice", type=Path, default=VOICES / VOICE)
    parser.add_argument("--pictures", type=Path, default=WORK / "report", help="folder for spectrograms and sounds")
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    arguments = parser.parse_args()
    report(
        arguments.work,
        arguments.voice,
        sentences=arguments.sentences,
        pictures=arguments.pictures,
        on=arguments.device,
    )


if __name__ == "__main__":
    main()
