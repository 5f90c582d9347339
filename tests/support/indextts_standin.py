"""Stand-ins for the page of IndexTTS: real Gradio apps with the inputs, labels and defaults of its versions.

``python indextts_standin.py FOLDER NAME=PORT …`` serves each layout on its port until it is ended; NAME is one of `2.5`
and `2` (the page of August 2026, started with that version; Chinese labels) and `2.0` (the page of the tag v2.0.0;
English labels). Calls are written into ``FOLDER/calls.jsonl``. While ``FOLDER/fail`` exists, texts longer than the
number in it fail as IndexTTS fails: Gradio prints the reason and answers without one. The sound is a tone, 0.05 s for
each character.
"""

import json
import os
import sys
import wave
from pathlib import Path
from threading import Event
from typing import Any

import numpy as np

NAMED = [
    "emo_control_method", "prompt", "text", "lang_choice", "emo_ref_path", "emo_weight",
    *(f"vec{index}" for index in range(1, 9)),
    "emo_text", "emo_random", "max_text_tokens_per_segment", "duration_factor",
]  # fmt: skip
SAMPLING = [
    "do_sample", "top_p", "top_k", "temperature", "length_penalty", "num_beams", "repetition_penalty", "max_mel_tokens",
]  # fmt: skip
ZH = ["喜", "怒", "哀", "惧", "厌恶", "低落", "惊喜", "平静"]
EN = ["Happy", "Angry", "Sad", "Afraid", "Disgusted", "Melancholic", "Surprised", "Calm"]


def speak(folder: Path, layout: str, given: dict[str, Any]) -> Any:
    """What the page does with its inputs; the name of its file is the same for every call of a second."""
    import gradio as gr

    given = {**given, "layout": layout, "prompt_name": Path(given["prompt"]).name}
    with (folder / "calls.jsonl").open("a", encoding="utf-8") as calls:
        calls.write(json.dumps(given, ensure_ascii=False) + "\n")
    limit = folder / "fail"
    if limit.exists() and len(given["text"]) > int(limit.read_text()):
        raise RuntimeError("CUDA out of memory. Tried to allocate 2.00 GiB")
    if given["text"] == "哑":
        return gr.update(value=None, visible=True)
    path = folder / "outputs" / "spk_1763800000.wav"
    path.parent.mkdir(exist_ok=True)
    tone(path, 0.05 * len(given["text"]), 200 + sum(map(ord, given["text"])) % 400)
    return gr.update(value=str(path), visible=True)


def tone(path: Path, seconds: float, hertz: float) -> None:
    """Writes a sine at half of full scale as 16-bit mono wav at 22,050 Hz."""
    time = np.arange(int(seconds * 22050)) / 22050
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(22050)
        file.writeframes((16384 * np.sin(2 * np.pi * hertz * time)).astype("<i2").tobytes())


def page(folder: Path, layout: str) -> Any:
    """Builds one layout."""
    import gradio as gr

    chinese = layout != "2.0"
    names = [name for name in NAMED if chinese or name not in ("lang_choice", "duration_factor")]

    def august(
        emo_control_method: int, prompt: str, text: str, lang_choice: str | None, emo_ref_path: str | None,
        emo_weight: float, vec1: float, vec2: float, vec3: float, vec4: float, vec5: float, vec6: float, vec7: float,
        vec8: float, emo_text: str, emo_random: bool, max_text_tokens_per_segment: float = 120,
        duration_factor: float = 1.0, *args: Any,
    ) -> Any:  # fmt: skip
        values = (
            emo_control_method, prompt, text, lang_choice, emo_ref_path, emo_weight, vec1, vec2, vec3, vec4, vec5, vec6,
            vec7, vec8, emo_text, emo_random, max_text_tokens_per_segment, duration_factor, *args,
        )  # fmt: skip
        return speak(folder, layout, dict(zip([*names, *SAMPLING], values, strict=True)))

    def first(
        emo_control_method: int, prompt: str, text: str, emo_ref_path: str | None, emo_weight: float, vec1: float,
        vec2: float, vec3: float, vec4: float, vec5: float, vec6: float, vec7: float, vec8: float, emo_text: str,
        emo_random: bool, max_text_tokens_per_segment: float = 120, *args: Any,
    ) -> Any:  # fmt: skip
        values = (
            emo_control_method, prompt, text, emo_ref_path, emo_weight, vec1, vec2, vec3, vec4, vec5, vec6, vec7, vec8,
            emo_text, emo_random, max_text_tokens_per_segment, *args,
        )  # fmt: skip
        return speak(folder, layout, dict(zip([*names, *SAMPLING], values, strict=True)))

    methods = (
        ["与音色参考音频相同", "使用情感参考音频", "使用情感向量控制"]
        if chinese
        else ["Same as the voice reference", "Use emotion reference audio", "Use emotion vectors"]
    )
    with gr.Blocks() as blocks:
        parts: dict[str, Any] = {
            "emo_control_method": gr.Radio(
                methods, type="index", value=methods[0], label="情感控制方式" if chinese else "Emotion control method"
            ),
            "prompt": gr.Audio(label="" if chinese else "Voice Reference", type="filepath"),
            "text": gr.TextArea(label="" if chinese else "Text"),
            "emo_ref_path": gr.Audio(
                label="上传情感参考音频" if chinese else "Upload emotion reference audio", type="filepath"
            ),
            "emo_weight": gr.Slider(0, 1, 0.65, label="情感权重" if chinese else "Emotion control weight"),
            "emo_text": gr.Textbox(label="情感描述文本" if chinese else "Emotion description", value=""),
            "emo_random": gr.Checkbox(label="情感随机采样" if chinese else "Randomize emotion sampling", value=False),
            "max_text_tokens_per_segment": gr.Slider(20, 600, 120, label="分句最大Token数"),
            "do_sample": gr.Checkbox(label="do_sample", value=True),
            "top_p": gr.Slider(0, 1, 0.8, label="top_p"),
            "top_k": gr.Slider(0, 100, 30, label="top_k"),
            "temperature": gr.Slider(0.1, 2, 0.8, label="temperature"),
            "length_penalty": gr.Number(0.0, label="length_penalty"),
            "num_beams": gr.Slider(1, 10, 3, label="num_beams"),
            "repetition_penalty": gr.Number(10.0, label="repetition_penalty"),
            "max_mel_tokens": gr.Slider(50, 1815, 1500, label="max_mel_tokens"),
        }
        parts |= {f"vec{at}": gr.Slider(0, 1, 0, label=label) for at, label in enumerate(ZH if chinese else EN, 1)}
        if layout == "2.5":
            parts["lang_choice"] = gr.Dropdown(["ZH", "EN", "JA", "AR", "ES"], value="ZH", label="语言")
        elif chinese:
            parts["lang_choice"] = gr.State(value=None)
        if chinese:
            parts["duration_factor"] = gr.Slider(0.5, 2, 1, label="时长系数")
        sound = gr.Audio(label="生成结果")
        button = gr.Button("生成语音")
        button.click(
            august if chinese else first,
            [parts[name] for name in [*names, *SAMPLING]],
            [sound],
            api_name="gen_single",
        )
    return blocks


def main() -> None:
    """Serves the layouts; prints one line when all of them answer."""
    os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
    folder = Path(sys.argv[1]).resolve()
    os.environ["GRADIO_TEMP_DIR"] = str(folder / "gradio")
    for wanted in sys.argv[2:]:
        layout, _, port = wanted.partition("=")
        page(folder, layout).queue(20).launch(
            server_name="127.0.0.1",
            server_port=int(port),
            prevent_thread_lock=True,
            quiet=True,
            allowed_paths=[str(folder)],
        )
    print("READY", flush=True)
    Event().wait()


if __name__ == "__main__":
    main()
