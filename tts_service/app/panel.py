"""The figures beside the sound, as a small card: length, time, RTF, device, commit."""

from html import escape
from typing import Any

from tts_service.app.health import About
from tts_service.engines.base import Speech


def info_of(speech: Speech, about: About) -> dict[str, Any]:
    """What a program gets beside the sound (the second output of ``/synthesize``); seconds, RTF dimensionless."""
    return {
        "seconds": round(speech.seconds, 3),
        "compute_seconds": round(speech.compute_seconds, 4),
        "rtf": round(speech.rtf, 5),
        "sample_rate": speech.sample_rate,
        "voice": speech.voice,
        "emotion": speech.emotion,
        "speed": speech.speed,
        "text": speech.text,
        "unreadable": list(speech.unreadable),
        "engine": about.engine.name,
        "device": about.engine.device,
        "version": about.version,
        "commit": about.commit,
    }


def panel_html(info: dict[str, Any] | None) -> str:
    """Draws the card; every value is escaped, the text came from the user."""
    if not info:
        return '<div class="tts-card tts-empty">合成后，这里显示时长、速度和读法。</div>'
    figures = (
        ("时长", f"{info['seconds']:.2f}", "秒"),
        ("用时", f"{info['compute_seconds']:.2f}", "秒"),
        ("RTF", f"{info['rtf']:.3f}", ""),
        ("采样率", f"{info['sample_rate'] / 1000:g}", "kHz"),
    )
    cells = "".join(
        f'<div class="tts-figure"><span>{name}</span><b>{escape(value)}</b><i>{unit}</i></div>'
        for name, value, unit in figures
    )
    left_out = (
        f'<p class="tts-note">未能朗读：{escape("、".join(info["unreadable"][:12]))}</p>' if info["unreadable"] else ""
    )
    return (
        f'<div class="tts-card"><div class="tts-figures">{cells}</div>'
        f'<p class="tts-read"><span>读作</span>{escape(info["text"][:600])}</p>{left_out}</div>'
    )


def footer_html(about: About) -> str:
    """The line at the foot: engine, device, version and commit."""
    device = {"cuda": "GPU（CUDA）", "cpu": "CPU"}.get(about.engine.device, about.engine.device)
    parts = (
        f"引擎 {about.engine.name}",
        f"设备 {device}",
        f"版本 {about.version}",
        f"提交 {about.commit[:12]}",
        "合成音色，非真人录音",
    )
    return '<div class="tts-foot">' + "".join(f"<span>{escape(part)}</span>" for part in parts) + "</div>"
