"""A real Gradio app with the endpoint ``/synthesize`` alone, for the score: ``score_gradio.py PORT``.

It speaks a tone of 0.1 s for every character; a text with 你吃饭了吗 is refused.
"""

import sys
from pathlib import Path

sys.path[0] = str(Path(__file__).resolve().parents[2])

import gradio as gr  # noqa: E402
import numpy as np  # noqa: E402

RATE = 16000


def synthesize(text: str, voice: str, speed: float) -> tuple[tuple[int, np.ndarray], dict[str, float]]:
    if "你吃饭了吗" in text:
        raise gr.Error("今天不说这句", print_exception=False)
    times = np.arange(int(0.1 * RATE / speed) * len(text)) / RATE
    return (RATE, np.round(6000 * np.sin(2 * np.pi * 200 * times)).astype(np.int16)), {"rtf": 0.0}


with gr.Blocks(analytics_enabled=False) as page:
    inputs = [gr.Textbox(), gr.Dropdown(["a", "b"], value="a"), gr.Slider(0.5, 2, value=1.0)]
    outputs = [gr.Audio(), gr.JSON()]
    gr.Button().click(synthesize, inputs, outputs, api_name="synthesize")
page.launch(server_name="127.0.0.1", server_port=int(sys.argv[1]), quiet=True)
