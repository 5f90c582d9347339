"""Figures as small cards: those of one sound, and those of the service."""

import os
import sys
import time
from html import escape
from pathlib import Path
from typing import Any

from tts_service.app.errors import public
from tts_service.app.health import About
from tts_service.app.words import CHINESE, Language
from tts_service.engines.base import Speech


def info_of(speech: Speech, about: About, intensity: float = 1.0) -> dict[str, Any]:
    """What a program gets beside the sound (the second output of ``/synthesize``); seconds, RTF dimensionless."""
    return {
        "seconds": round(speech.seconds, 3),
        "compute_seconds": round(speech.compute_seconds, 4),
        "rtf": round(speech.rtf, 5),
        "sample_rate": speech.sample_rate,
        "voice": speech.voice,
        "emotion": speech.emotion,
        "intensity": intensity,
        "speed": speech.speed,
        "text": speech.text,
        "unreadable": list(speech.unreadable),
        "measures": list(speech.measures),
        "engine": speech.engine or about.engine.name,
        "device": about.engine.device,
        "version": about.version,
        "commit": about.commit,
    }


def panel_html(
    speech: Speech | None, w: Language = CHINESE, *, first_seconds: float = 0.0, stopped: bool = False
) -> str:
    """Draws the card of one sound; every value is escaped, the text came from the user.

    `stopped`: the visitor ended it before its end, or before anything was there.
    """
    if speech is None and stopped:
        nothing = w("已停止，还没有合成出声音。", "Stopped before any sound was there.")
        return f'<div class="tts-card tts-empty">{nothing}</div>'
    if speech is None:
        empty = w("合成后，这里显示时长、速度和读法。", "Length, speed and reading are shown here afterwards.")
        return f'<div class="tts-card tts-empty">{empty}</div>'
    second = w("秒", "s")
    figures = (
        (w("时长", "Length"), f"{speech.seconds:.2f}", second),
        (w("用时", "Time taken"), f"{speech.compute_seconds:.2f}", second),
        ("RTF", f"{speech.rtf:.3f}", ""),
        (w("首包", "First piece"), f"{first_seconds * 1000:.0f}", w("毫秒", "ms")),
    )
    cells = "".join(
        f'<div class="tts-figure"><span>{name}</span><b>{escape(value)}</b><i>{unit}</i></div>'
        for name, value, unit in figures
    )
    notes = ""
    if stopped:
        kept = w("已停止：保留了停止前合成好的部分。", "Stopped: what was made by then is kept.")
        notes += f'<p class="tts-note">{kept}</p>'
    if speech.unreadable:
        left_out = w("未能朗读：", "Could not be read: ") + w.list(speech.unreadable[:12])
        notes += f'<p class="tts-note">{escape(left_out)}</p>'
    for note in filter(None, (public(speech.note), speech.matching)):
        notes += f'<p class="tts-hint">{escape(note)}</p>'
    if speech.measures:
        notes += (
            f'<p class="tts-note">{escape(w("内存不足，已采取：", "Short of memory: ") + w.list(speech.measures))}</p>'
        )
    return (
        f'<div class="tts-card"><div class="tts-figures">{cells}</div><p class="tts-read">'
        f"<span>{w('读作', 'Read as')}</span>{escape(speech.text[:600])}</p>{notes}</div>"
    )


def status_html(about: About, w: Language) -> str:
    """Draws how the service is: engine, device, memory, health, what it does now, version and commit."""
    health = about.engine.health()
    crowd = about.admission.crowd
    device = {"cuda": w("GPU（CUDA）", "GPU (CUDA)"), "cpu": "CPU"}.get(health.device, health.device)
    rows = [
        (w("引擎", "Engine"), about.engine.name),
        (w("设备", "Device"), f"{device} · {health.precision}"),
        (w("内存", "Memory"), f"{resident_bytes() / 2**20:.0f} MB"),
    ]
    if (video := video_bytes()) is not None:
        rows.append((w("显存", "GPU memory"), f"{video / 2**20:.0f} MB"))
    rows += [
        (w("状态", "Health"), public(health.detail) or w("正常", "well")),
        (w("内存措施", "Memory measures"), w.list(health.measures) or w("无", "none")),
        (w("在合成 / 排队", "Speaking / waiting"), f"{crowd.running} / {crowd.waiting}"),
        (w("已运行", "Up"), _lasting(time.time() - about.started, w)),
        (w("版本", "Version"), about.version),
        (w("提交", "Commit"), about.commit[:12]),
    ]
    cells = "".join(f"<div><dt>{name}</dt><dd>{escape(value)}</dd></div>" for name, value in rows)
    mood = "tts-well" if health.ok else "tts-ill"
    return (
        f'<details class="tts-card tts-status" open><summary class="{mood}">{w("服务状态", "Service")}</summary>'
        f"<dl>{cells}</dl></details>"
    )


def resident_bytes() -> int:
    """Memory of this process that lies in RAM, in bytes (Linux)."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def video_bytes() -> int | None:
    """GPU memory that PyTorch holds in this process, in bytes; None where no GPU is used."""
    torch = sys.modules.get("torch")
    if torch is None or not torch.cuda.is_initialized():
        return None
    return int(torch.cuda.memory_reserved())


def _lasting(seconds: float, w: Language) -> str:
    minutes = int(seconds // 60)
    if minutes < 60:
        return w(f"{minutes} 分钟", f"{minutes} min")
    return w(f"{minutes // 60} 小时 {minutes % 60} 分", f"{minutes // 60} h {minutes % 60} min")
