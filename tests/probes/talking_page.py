"""A small real Gradio app for the probes: a tone whose pitch and length depend on the text, and a few misbehaviours.

Run as `python talking_page.py PORT`. What the text starts with decides: 安静 silence, 破 clipped, 报错 an error, 慢 no
answer for half a minute, 短 a tenth of a second, 无 no sound at all, 测 no figures beside the sound.
"""

from __future__ import annotations

import sys
import tempfile
import time
import zlib
from pathlib import Path
from typing import Any

import gradio as gr
import numpy as np
import soundfile

RATE = 22050


def synthesize(text: str, voice: str = "女声", emotion: str = "中性", speed: float = 1.0) -> tuple[str | None, Any]:
    """The sound for a text, and its figures."""
    if text.startswith("报错"):
        raise gr.Error("显存不足 CUDA out of memory", print_exception=False)
    if text.startswith("慢"):
        time.sleep(30)
    if text.startswith("无"):
        return None, {"rtf": 0.1}
    seconds = 0.1 if text.startswith("短") else max(0.6, 0.15 * len(text) / speed)
    at = np.arange(int(seconds * RATE)) / RATE
    tone = 0.4 * np.sin(2 * np.pi * (200 + zlib.crc32(text.encode()) % 300) * at)
    if text.startswith("安静"):
        tone *= 0
    if text.startswith("破"):
        tone = np.clip(tone * 50, -1, 1)
    path = Path(tempfile.mkdtemp()) / "speech.wav"
    soundfile.write(path, tone, RATE, subtype="PCM_16")
    return str(path), None if text.startswith("测") else {
        "seconds": seconds,
        "rtf": 0.25,
        "voice": voice,
        "speed": speed,
    }


def build() -> Any:
    """The page."""
    with gr.Blocks(title="probe target", analytics_enabled=False) as page:
        text = gr.Textbox(label="文本", value="", elem_id="tts-text")
        voice = gr.Dropdown(["女声", "男声"], value="女声", label="音色")
        emotion = gr.Dropdown(["中性"], value="中性", label="情感")
        speed = gr.Slider(0.5, 2, value=1.0, label="语速")
        speak = gr.Button("合成", elem_id="tts-speak")
        audio = gr.Audio(label="语音", type="filepath", elem_id="tts-audio")
        info = gr.JSON(visible=False)
        speak.click(
            synthesize, [text, voice, emotion, speed], [audio, info], api_name="synthesize", concurrency_limit=None
        )
        gr.Button("other", visible=False).click(lambda needed: needed, [text], [text], api_name="echo")
    return page


if __name__ == "__main__":
    build().queue().launch(
        server_name="127.0.0.1", server_port=int(sys.argv[1]), quiet=True, inbrowser=False, share=False,
        footer_links=[], allowed_paths=[tempfile.gettempdir()],
    )  # fmt: skip
