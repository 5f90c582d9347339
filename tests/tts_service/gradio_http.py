"""Gradio's own HTTP as an attacker or a program speaks it: any function of the page, any data, any event."""

import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx


@dataclass(frozen=True)
class Page:
    """A page that answers at `url`, its files under `shared`."""

    url: str
    shared: Path

    @property
    def functions(self) -> list[dict[str, Any]]:
        """What the page has, private functions too: ``id``, ``api_name``, ``inputs`` …"""
        found: list[dict[str, Any]] = httpx.get(self.url + "/config").json()["dependencies"]
        return [each for each in found if each["backend_fn"]]

    def number(self, name: str) -> int:
        """The function's number."""
        return int(next(each["id"] for each in self.functions if each["api_name"] == name))

    def queued(self, number: int, data: list[Any], event: Any = None, *, all_said: bool = False) -> str:
        """Calls a function through the queue; gives its last message as text, or all of them."""
        session = secrets.token_hex(8)
        asked = {"data": data, "fn_index": number, "session_hash": session, "event_data": event}
        answer = httpx.post(f"{self.url}/gradio_api/queue/join", json=asked, timeout=30)
        if answer.status_code != 200:
            return answer.text
        last = ""
        where = f"{self.url}/gradio_api/queue/data?session_hash={session}"
        with httpx.stream("GET", where, timeout=60) as stream:
            for line in stream.iter_lines():
                if "process_" in line:
                    last = last + line if all_said else line
                if "process_completed" in line:
                    break
        return last.encode().decode("unicode_escape", "replace") if "\\u" in last else last

    def clicked(self, element: str) -> int:
        """The number of the function behind a button of the Chinese page."""
        config = httpx.get(self.url + "/config").json()
        ours = [each["id"] for each in config["components"] if each["props"].get("elem_id") == element]
        return int(next(each["id"] for each in config["dependencies"] if [min(ours), "click"] in each["targets"]))

    def direct(self, number: int, data: list[Any], event: Any = None, *, session: str = "") -> httpx.Response:
        """Calls a function past the queue."""
        session = session or secrets.token_hex(8)
        asked = {"data": data, "fn_index": number, "session_hash": session, "event_data": event}
        return httpx.post(f"{self.url}/gradio_api/run/predict", json=asked, timeout=60)

    def upload(self, name: str, data: bytes) -> httpx.Response:
        """Uploads a file as the browser does."""
        return httpx.post(f"{self.url}/gradio_api/upload", files={"files": (name, data)}, timeout=60)

    def uploaded(self, name: str, data: bytes) -> dict[str, Any]:
        """Uploads a file; gives what a function is told of it."""
        return file_data(self.upload(name, data).json()[0])


def file_data(path: str | Path) -> dict[str, Any]:
    """A file as Gradio's functions are told of it."""
    return {"path": str(path), "meta": {"_type": "gradio.FileData"}}
