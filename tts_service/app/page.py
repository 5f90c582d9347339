"""The page a tester opens at IP:7860: text, voice, emotion, speed; the sound; the figures."""

from html import escape
from pathlib import Path
from typing import Any, Final, cast

import gradio as gr
import numpy as np
from numpy.typing import NDArray

from tts_service.app.health import About
from tts_service.app.panel import footer_html, info_of, panel_html
from tts_service.engines.base import EngineFailed, RequestRefused, SynthesisRequest

CSS: Final = (Path(__file__).parent / "page.css").read_text(encoding="utf-8")
EXAMPLES: Final = (
    "你好，语音合成服务已经部署完成，现在可以使用了。",
    "今天是2026年11月22日，气温-3℃到8℃，降水概率30%。",
    "RTX 4090有24GB显存，CUDA 12.8已经装好，端口7860正常。",
    "请拨打010-12345678，或者发邮件到support@example.com。",
    "银行的同事重新调整了音乐播放的顺序，大家都很高兴。",
)
_FONTS: Final = ("system-ui", "PingFang SC", "Microsoft YaHei", "Noto Sans CJK SC", "sans-serif")


def theme() -> gr.themes.Base:
    """The look: fonts of the reader's own machine, nothing is fetched from outside."""
    return gr.themes.Soft(
        primary_hue="teal",
        secondary_hue="teal",
        neutral_hue="slate",
        radius_size="md",
        font=list(_FONTS),
        font_mono=["ui-monospace", "Consolas", "monospace"],
    )


def build_page(about: About) -> gr.Blocks:
    """Makes the page. Its one named endpoint for programs is ``/synthesize(text, voice, emotion, speed)`` →
    (wav file, info), with every input but the text optional.
    """
    capabilities = about.engine.capabilities

    def synthesize(
        text: str, voice: str, emotion: str, speed: float
    ) -> tuple[tuple[int, NDArray[np.int16]], dict[str, Any]]:
        try:
            speech = about.engine.synthesize(SynthesisRequest(text, voice, emotion, speed))
        except RequestRefused as refused:
            raise gr.Error(
                f"{refused.zh} {refused.en}", duration=8, title="请检查输入", print_exception=False
            ) from refused
        except EngineFailed as failed:
            raise gr.Error(escape(f"合成失败：{failed}"), duration=None, title="出错了") from failed
        return (speech.sample_rate, np.round(speech.samples * 32767).astype(np.int16)), info_of(speech, about)

    with gr.Blocks(title="语音合成", analytics_enabled=False, delete_cache=(600, 3600), fill_width=False) as page:
        gr.HTML(
            '<div class="tts-head"><div class="tts-logo"><i></i><i></i><i></i><i></i><i></i></div>'
            "<div><h1>语音合成</h1><p>输入文字，选择音色和情感，立即试听。</p></div></div>"
        )
        with gr.Row(equal_height=False):
            with gr.Column(scale=6, min_width=360):
                text = gr.Textbox(
                    label="文字",
                    placeholder="在这里输入要朗读的文字，可以中英文混排；多音字可写成 <行|XING2>",
                    value=EXAMPLES[0],
                    lines=5,
                    max_lines=14,
                    max_length=capabilities.longest_text,
                    elem_id="tts-text",
                    autofocus=True,
                )
                voice = gr.Radio(
                    list(capabilities.voices), value=capabilities.voices[0], label="音色", elem_id="tts-voice"
                )
                emotion = gr.Radio(
                    list(capabilities.emotions), value=capabilities.emotions[0], label="情感", elem_id="tts-emotion"
                )
                speed = gr.Slider(
                    capabilities.slowest, capabilities.fastest, value=1.0, step=0.05, label="语速", elem_id="tts-speed"
                )
            with gr.Column(scale=5, min_width=320):
                speak = gr.Button("开始合成", variant="primary", size="lg", elem_id="tts-speak")
                audio = gr.Audio(
                    label="试听",
                    format="wav",
                    interactive=False,
                    editable=False,
                    autoplay=False,
                    buttons=["download"],
                    elem_id="tts-audio",
                    waveform_options=gr.WaveformOptions(waveform_color="#99d5cd", waveform_progress_color="#0f766e"),
                )
                panel = gr.HTML(panel_html(None), elem_id="tts-panel")
                info = gr.JSON(visible=False, label="info")
        gr.Examples([[example] for example in EXAMPLES], inputs=[text], label="例句", elem_id="tts-examples")
        gr.HTML(footer_html(about))

        spoken = speak.click(
            synthesize,
            [text, voice, emotion, speed],
            [audio, info],
            api_name="synthesize",
            api_description="Speaks a text. Returns the sound (wav) and its figures (seconds, rtf, device, commit …).",
            show_progress_on=[audio],
            preprocess=False,  # the engine refuses what it can't do, in words that say what is allowed
            concurrency_limit=2,
        )
        spoken.success(panel_html, [info], [panel], api_visibility="private", show_progress="hidden", queue=False)
    page.queue(max_size=32)
    return cast(gr.Blocks, page)
