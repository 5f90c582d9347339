"""A small real HTTP server in the place of IndexTTS's ``webui.py``: its flags, its log, Gradio's protocol by hand.

It starts at once, where a Gradio app takes seconds. How it misbehaves is said by ``mode.json`` beside it, read at every
request:

- at start: ``die`` (log text to end with), ``mute`` (never opens the port);
- while speaking: ``above`` N (out of memory for texts longer than N; with ``unless_half`` not in half precision),
  ``log`` (fails with this in its log), ``crash`` and ``once`` (do it a single time), ``hang``;
- in its answers: ``status`` with ``body`` and ``route`` (where), ``cut`` (the sound breaks off), ``short`` (the sound's
  header promises more), ``result`` (what a call gives instead).
"""

import argparse
import io
import json
import os
import sys
import threading
import wave
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent.absolute()
METHODS = ["与音色参考音频相同", "使用情感参考音频", "使用情感向量控制"]
NAMES = ["emo_control_method", "prompt", "text", "lang_choice", *(f"vec{index}" for index in range(1, 9))]
CONFIG = {
    "api_prefix": "/gradio_api",
    "dependencies": [{"api_name": "gen_single", "inputs": list(range(len(NAMES)))}],
    "components": [{"id": number, "type": "textbox"} for number in range(len(NAMES))],
}
INFO = {
    "named_endpoints": {
        "/gen_single": {
            "parameters": [
                {
                    "label": "",
                    "parameter_name": name,
                    "parameter_default": None,
                    "type": {"enum": METHODS if name == "emo_control_method" else []},
                }
                for name in NAMES
            ]
        }
    }
}
parser = argparse.ArgumentParser()
parser.add_argument("--port", type=int, default=7860)
parser.add_argument("--host", type=str, default="0.0.0.0")
parser.add_argument("--version", type=str, default="2.5", choices=["2", "2.5"])
parser.add_argument("--fp16", action="store_true")


class Page(BaseHTTPRequestHandler):
    half = False

    def do_GET(self) -> None:
        route = self.path.partition("?")[0]
        if self._misbehaves(route):
            return
        if route == "/config":
            self._send(json.dumps(CONFIG).encode())
        elif route == "/gradio_api/info":
            self._send(json.dumps(INFO).encode())
        elif route.startswith("/gradio_api/call/gen_single/"):
            self._speak(int(route.rpartition("/")[2]))
        elif route.startswith("/gradio_api/file="):
            self._sound(len(route))
        else:
            self._send(b'{"detail":"Not Found"}', status=404)

    def do_POST(self) -> None:
        content = self.rfile.read(int(self.headers["Content-Length"]))
        if self._misbehaves(self.path):
            return
        if self.path == "/gradio_api/upload":
            self._send(b'["/tmp/gradio/1234/voice.wav"]')
        else:
            with (HERE / "calls.jsonl").open("ab") as calls:
                calls.write(content + b"\n")
            (HERE / "texts").mkdir(exist_ok=True)
            number = len(list((HERE / "texts").iterdir()))
            (HERE / "texts" / str(number)).write_text(json.loads(content)["data"][2], encoding="utf-8")
            self._send(json.dumps({"event_id": str(number)}).encode())

    def _speak(self, number: int) -> None:
        text = (HERE / "texts" / str(number)).read_text(encoding="utf-8")
        told = mode()
        if told.get("once"):
            (HERE / "mode.json").unlink()
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.end_headers()
        if told.get("hang"):
            self.wfile.write(b"event: heartbeat\ndata: null\n\n")
            threading.Event().wait(30)
        if told.get("crash"):
            print("Segmentation fault", flush=True)
            os._exit(139)
        failure = told.get("log", "")
        if len(text) > told.get("above", 10**9) and not (told.get("unless_half") and self.half):
            failure = (
                "torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.00 GiB. GPU 0 has a total of 7.6 GiB"
            )
        if failure:
            print(f"Traceback (most recent call last):\n{failure}", file=sys.stderr, flush=True)
            self.wfile.write(b"event: error\ndata: null\n\n")
            return
        value = {"path": f"/tmp/gradio/5678/spk_1763800000_{len(text)}.wav", "meta": {"_type": "gradio.FileData"}}
        result = told.get("result", [{"__type__": "update", "visible": True, "value": value}])
        self.wfile.write(b"event: complete\ndata: " + json.dumps(result).encode() + b"\n\n")

    def _sound(self, seconds: int) -> None:
        memory = io.BytesIO()
        with wave.open(memory, "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(22050)
            file.writeframes(bytes(2 * 441 * seconds))
        sound = memory.getvalue()
        told = mode()
        if told.get("short"):
            sound = sound[: len(sound) // 2]
        self._send(sound, length=len(memory.getvalue()) if told.get("cut") else None, cut=bool(told.get("cut")))

    def _misbehaves(self, route: str) -> bool:
        told = mode()
        if "status" not in told or told["route"] not in route:
            return False
        self._send(told["body"].encode(), status=told["status"])
        return True

    def _send(self, body: bytes, *, status: int = 200, length: int | None = None, cut: bool = False) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(length or len(body)))
        self.end_headers()
        self.wfile.write(body[: len(body) // 3] if cut else body)

    def log_message(self, *_: Any) -> None:
        return


def mode() -> dict[str, Any]:
    try:
        told: dict[str, Any] = json.loads((HERE / "mode.json").read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    return told


def main() -> None:
    options = parser.parse_args()
    with (HERE / "starts.jsonl").open("a") as starts:
        starts.write(json.dumps({"argv": sys.argv[1:], "pid": os.getpid(), "proxy": os.environ["NO_PROXY"]}) + "\n")
    told = mode()
    if told.get("die"):
        sys.exit(told["die"])
    print(">> GPT weights restored from: checkpoints/gpt.pth", flush=True)
    if told.get("mute"):
        threading.Event().wait()
    Page.half = options.fp16
    ThreadingHTTPServer((options.host, options.port), Page).serve_forever()


if __name__ == "__main__":
    main()
