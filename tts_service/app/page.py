"""The page a tester opens at IP:7860, in Chinese at ``/`` and in English at ``/en``, and its endpoints for programs."""

import warnings
from pathlib import Path
from typing import Any, Final, cast

import gradio as gr
from gradio.components.navbar import Navbar

from tts_service.app.health import About
from tts_service.app.panel import status_html
from tts_service.app.ui.desk import Desk
from tts_service.app.ui.endpoints import endpoints
from tts_service.app.ui.tab_batch import batch_tab
from tts_service.app.ui.tab_history import history_tab, history_values
from tts_service.app.ui.tab_lexicon import lexicon_tab, lexicon_values
from tts_service.app.ui.tab_match import match_tab
from tts_service.app.ui.tab_speak import Browser, speak_tab
from tts_service.app.ui.widgets import history_list
from tts_service.app.words import CHINESE, ENGLISH, Language

CSS: Final = (Path(__file__).parent / "page.css").read_text(encoding="utf-8")
_KEY: Final = "tts"
_FONTS: Final = ("system-ui", "PingFang SC", "Microsoft YaHei", "Noto Sans CJK SC", "sans-serif")
# ?lang=… chooses the language; the page itself says which one it speaks.
_OPENED: Final = """() => {
  const asked = new URLSearchParams(location.search).get("lang");
  if (asked && asked.startsWith("en") !== ENGLISH) location.replace("OTHER");
  document.documentElement.lang = "TAG";
}"""


def theme() -> gr.themes.Base:
    """The look: fonts of the reader's own machine, nothing is fetched from outside."""
    return gr.themes.Soft(
        primary_hue="teal",
        secondary_hue="teal",
        neutral_hue="slate",
        radius_size="md",
        font=list(_FONTS),
        font_mono=["ui-monospace", "Consolas", "monospace"],
    ).set(
        button_primary_background_fill="#0f766e",
        button_primary_background_fill_hover="#115e59",
        button_primary_text_color="#ffffff",
        body_background_fill="#f5f8f8",
        layout_gap="12px",
        block_padding="10px 14px",
        block_border_width="1px",
        block_radius="12px",
        block_title_background_fill="none",
        block_title_text_color="*body_text_color",
        block_title_text_weight="600",
        block_title_padding="0",
        block_label_background_fill="none",
        block_label_text_color="*body_text_color",
        block_shadow="none",
        input_shadow="none",
        input_border_width="1px",
        input_border_color="*neutral_300",
    )


def build_page(about: About) -> gr.Blocks:
    """Makes the page. Named endpoints for programs: ``/synthesize(text, voice, emotion, speed, intensity, seed)`` →
    (wav file, info), ``/preview(text)``, ``/batch(lines, …)``; see `ui.endpoints`.
    """
    # Gradio warns of two pages even where its other way to render them was never asked for.
    warnings.filterwarnings("ignore", "SSR mode is not supported", UserWarning)
    desk = Desk(about)
    with gr.Blocks(
        title="语音合成 · Speech", analytics_enabled=False, delete_cache=(600, 3600), fill_width=False
    ) as page:
        _face(page, desk, CHINESE)
        endpoints(desk)
    with page.route("English", "en", show_in_navbar=False):
        _face(page, desk, ENGLISH)
    page.queue(max_size=64)
    return cast(gr.Blocks, page)


def _face(page: gr.Blocks, desk: Desk, w: Language) -> None:
    """Draws the page in one language."""
    Navbar(visible=False)
    # What a visitor keeps lies in the visitor's own browser; the key only keeps it from looking like plain text, and
    # must stay the same over restarts.
    browser = Browser(
        gr.BrowserState("", storage_key="tts-visitor", secret=_KEY),
        gr.BrowserState([], storage_key="tts-presets", secret=_KEY),
    )
    gr.HTML(_head(w), apply_default_css=False, elem_id="tts-head")
    history = history_list(w)
    with gr.Tabs(elem_id="tts-tabs") as tabs:
        with gr.Tab(w("合成", "Speak"), id="speak"):
            speaking = speak_tab(desk, w, browser, history)
        with gr.Tab(w("批量", "Batch"), id="batch"):
            batch_tab(desk, w, speaking.form)
        with gr.Tab(w("词典", "Lexicon"), id="lexicon"):
            lexicon = lexicon_tab(desk, w)
        with gr.Tab(w("历史", "History"), id="history"):
            history_tab(desk, w, browser, history, speaking, tabs)
        with gr.Tab(w("音色匹配", "Matching"), id="match"):
            match_tab(desk, w, browser, speaking.form, history)
    mark = w(
        "合成音色，非真人录音；生成的音频带有合成标记。",
        "Synthetic voices, no human was recorded; every sound carries a mark that says so.",
    )
    gr.HTML(f'<div class="tts-foot">{mark}</div>', apply_default_css=False)

    def opened(visitor: str) -> tuple[Any, ...]:
        return *history_values(desk, w, visitor), *lexicon_values(desk, w), status_html(desk.about, w)

    page.load(
        opened,
        [browser.visitor],
        [browser.visitor, history, *lexicon, speaking.status],
        api_visibility="private",
        show_progress="hidden",
        queue=False,
    )
    script = _OPENED.replace("ENGLISH", w("false", "true")).replace("TAG", w.tag).replace("OTHER", _other(w))
    page.load(None, js=script, api_visibility="private", queue=False)


def _other(w: Language) -> str:
    """Where the page in the other language lies."""
    return w("en", "./")


def _head(w: Language) -> str:
    title = w("语音合成", "Speech synthesis")
    line = w(
        "输入文字，选择音色和情感，边合成边播放。", "Enter a text, choose voice and emotion, hear it while it is made."
    )
    return (
        '<div class="tts-head"><div class="tts-logo"><i></i><i></i><i></i><i></i><i></i></div>'
        f"<div><h1>{title}</h1><p>{line}</p></div>"
        f'<a class="tts-language" href="{_other(w)}" lang="{w("en", "zh-CN")}">{w("English", "中文")}</a></div>'
    )
