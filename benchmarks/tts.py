"""How fast the bundled voice speaks: ``make bench-tts``.

Side by side in one process for each count of threads, in interleaved rounds, so that whatever else the machine does
meets all of them: the bundled voice (units → sound), VITS in the mms-tts configuration (`transformers`), HiFi-GAN V2's
generator alone on mel bands of the same length. Then the first chunk of a stream, a cold process, the service's
memory, and batches where there is a GPU. Writes ``benchmarks/results/tts.json``.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.report import write

SENTENCE = "傍晚的时候，孩子们沿着河边慢慢走回家，远处的灯一盏一盏亮起来。"
TARGETS = {
    "times_faster_than_vits": 30.0,
    "times_faster_than_hifi_gan_v2": 5.0,
    "first_chunk_ms": 50.0,
    "cold_seconds": 3.0,
    "service_rss_mb": 500,
}
_VOICE = Path(__file__).resolve().parents[1] / "tts_service" / "voices" / "qingyin"
_WARM_UP = 2


@dataclass(frozen=True)
class _Run:
    """One call: seconds by the clock, seconds of CPU (of all threads), and how many seconds of speech it gave."""

    seconds: float
    cpu: float
    speech: float


def _timed(call: Callable[[], float]) -> _Run:
    begun, worked = time.perf_counter(), time.process_time()
    speech = call()
    return _Run(time.perf_counter() - begun, time.process_time() - worked, speech)


def side_by_side(threads: int, rounds: int) -> dict[str, Any]:
    """The comparison in this process: RTF (seconds of compute for a second of sound) of each, medians of `rounds`."""
    import torch

    torch.set_num_threads(threads)
    from benchmarks.rivals import MEL_BANDS, hifi_gan_v2, parameters, vits
    from tts_service.models.voice import Voice
    from tts_service.text.frontend import FrontEnd

    voice = Voice.load(_VOICE)
    units = FrontEnd().read(SENTENCE).sentences[0].units

    def ours() -> float:
        sound = voice.synthesize(units, speaker=voice.speakers[0], emotion=voice.emotions[0])
        return len(sound) / voice.sample_rate

    seconds = ours()
    generator = hifi_gan_v2()
    mel = torch.randn(1, MEL_BANDS, round(seconds * voice.sample_rate / 256))

    def hifi_gan() -> float:
        with torch.inference_mode():
            return float(generator(mel).shape[-1]) / voice.sample_rate

    speakers: dict[str, Callable[[], float]] = {"bundled": ours, "hifi_gan_v2": hifi_gan}
    whole = Voice.load(_VOICE, precision="float32")  # layers in 8 bits hide their weights
    sizes = {"bundled": parameters(whole.acoustic) + parameters(whole.vocoder), "hifi_gan_v2": parameters(generator)}
    if (found := vits(seconds)) is not None:
        sizes["vits_mms"] = parameters(found[0])
        speakers["vits_mms"] = found[1]
    runs: dict[str, list[_Run]] = {name: [] for name in speakers}
    for number in range(_WARM_UP + rounds):
        for name, speak in speakers.items():
            run = _timed(speak)
            if number >= _WARM_UP:
                runs[name].append(run)
    times = {name: [run.seconds / run.speech for run in found] for name, found in runs.items()}
    models = {
        name: {
            "rtf": round(median(times[name]), 5),
            "rtf_best": round(min(times[name]), 5),
            "rtf_worst": round(max(times[name]), 5),
            "cpu_seconds_per_second": round(median(run.cpu / run.speech for run in found), 5),
            "speech_seconds": round(found[0].speech, 2),
            "parameters_m": round(sizes[name] / 1e6, 2),
        }
        for name, found in runs.items()
    }
    result: dict[str, Any] = {"threads": threads, "rounds": rounds, "models": models}
    for name in ("vits_mms", "hifi_gan_v2"):
        if name in models:
            ratios = [other / own for other, own in zip(times[name], times["bundled"], strict=True)]
            result[f"times_faster_than_{name.removesuffix('_mms')}"] = round(median(ratios), 1)
    result["first_chunk"] = first_chunk(rounds)
    return result


def first_chunk(rounds: int) -> dict[str, Any]:
    """Milliseconds from a text to the first chunk of its stream, warm: the engine with its front end."""
    from tts_service.engines.base import SynthesisRequest
    from tts_service.engines.bundled import BundledEngine

    with tempfile.TemporaryDirectory() as folder:
        engine = BundledEngine(Path(folder), device="cpu", say=lambda _: None)
        engine.load()

        def first() -> float:
            stream = engine.stream(SynthesisRequest(SENTENCE))
            chunks = stream.chunks
            length = len(next(chunks)) / stream.sample_rate
            _close(chunks)
            return length

        calls = [_timed(first) for _ in range(_WARM_UP + rounds)][_WARM_UP:]
    return {
        "ms_median": round(1000 * median(call.seconds for call in calls), 1),
        "ms_worst": round(1000 * max(call.seconds for call in calls), 1),
        "cpu_ms_median": round(1000 * median(call.cpu for call in calls), 1),
        "chunk_seconds": round(calls[0].speech, 2),
    }


def _close(chunks: Iterator[Any]) -> None:
    close = getattr(chunks, "close", None)
    if close:
        close()


def in_child(threads: int, rounds: int) -> dict[str, Any]:
    """`side_by_side` in a process of its own, with the count of threads set from its first breath."""
    environment = {**os.environ, "OMP_NUM_THREADS": str(threads), "MKL_NUM_THREADS": str(threads)}
    command = [sys.executable, "-m", "benchmarks.tts", "--child", str(threads), "--rounds", str(rounds)]
    done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, check=True, text=True)
    result: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return result


def table(figures: dict[str, Any]) -> str:
    """The figures as text, with the targets beside them."""
    lines = []
    for threads, found in figures["threads"].items():
        lines.append(f"{threads} thread{'s' if threads != '1' else ''}, median of {found['rounds']}")
        for name, model in found["models"].items():
            lines.append(
                f"  {name:<14} RTF {model['rtf']:.4f} ({model['rtf_best']:.4f} to {model['rtf_worst']:.4f})  "
                f"CPU {model['cpu_seconds_per_second']:.4f}  {model['speech_seconds']:.1f} s  "
                f"{model['parameters_m']:.2f} M parameters"
            )
        for name in ("times_faster_than_vits", "times_faster_than_hifi_gan_v2"):
            if name in found:
                lines.append(f"  {name.replace('_', ' '):<34} {found[name]:6.1f}  (target {TARGETS[name]:.0f})")
            else:
                lines.append(f"  {name.replace('_', ' '):<34} not measured: pip install transformers")
        chunk = found["first_chunk"]
        lines.append(
            f"  first chunk, warm {chunk['ms_median']:.1f} ms, worst {chunk['ms_worst']:.1f} ms, "
            f"CPU {chunk['cpu_ms_median']:.1f} ms (target {TARGETS['first_chunk_ms']:.0f})"
        )
    if cold := figures.get("cold"):
        lines.append(
            f"cold process to a written wav: {cold['seconds_median']:.2f} s, worst {cold['seconds_worst']:.2f} s, "
            f"CPU {cold['cpu_seconds_median']:.2f} s (target {TARGETS['cold_seconds']:.0f}), "
            f"median of {cold['rounds']}, peak {cold['peak_rss_mb']} MB"
        )
    if service := figures.get("service"):
        lines.append(
            f"service: {service['rss_mb_started']} MB started, {service['rss_mb']} MB after "
            f"{service['sentences']} sentences (target {TARGETS['service_rss_mb']})"
        )
    gpu = figures["gpu"]
    if isinstance(gpu, str):
        lines.append(f"GPU: {gpu}")
    else:
        lines.append(f"GPU: {gpu['device']}, best {gpu['best_speech_seconds_per_second']:.0f} s of speech a second")
        for row in gpu["batches"]:
            lines.append(
                f"  batch {row['batch']:>4}: {row['speech_seconds_per_second']:>8.0f} s/s, {row['peak_memory_mb']} MB"
            )
    return "\n".join(lines)


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--cold-rounds", type=int, default=5)
    parser.add_argument("--sentences", type=int, default=20, help="that the service speaks before its memory is read")
    parser.add_argument("--name", default="tts", help="of the file of results")
    parser.add_argument("--child", type=int, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.child:
        print(json.dumps(side_by_side(arguments.child, arguments.rounds)))
        return
    from benchmarks.cold_start import cold_start, service_memory
    from benchmarks.gpu_batches import gpu_figures

    figures: dict[str, Any] = {
        "threads": {str(threads): in_child(threads, arguments.rounds) for threads in arguments.threads},
        "cold": cold_start(arguments.cold_rounds),
        "service": service_memory(arguments.sentences),
        "gpu": gpu_figures(_VOICE, SENTENCE, arguments.rounds),
        "targets": TARGETS,
    }
    print(table(figures))
    print(f"written: {write(arguments.name, figures)}")


if __name__ == "__main__":
    main()
