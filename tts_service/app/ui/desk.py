"""What all tabs share: the engine behind its door, the reader of texts, folders, history, and how refusals are told."""

import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from html import escape
from pathlib import Path

import gradio as gr
from gradio.utils import get_upload_folder

from tts_service.app.admission import Busy
from tts_service.app.errors import AUDIT_FAILED, public, told
from tts_service.app.health import About
from tts_service.app.stopping import Door, Runs, Stop, Stopped
from tts_service.app.ui import lexicon_file
from tts_service.app.ui.speaking import marked_wav, speak_whole, sweep
from tts_service.app.words import Language
from tts_service.audit import AuditError
from tts_service.cues import cues
from tts_service.engines.base import EngineFailed, RequestRefused, Speech, SynthesisRequest
from tts_service.history import History
from tts_service.subtitles import Cue
from tts_service.text.frontend import FrontEnd
from tts_service.text.lexicon import Lexicon
from tts_service.text.preview import plain


class Desk:
    """The page's workplace. Its own files lie where Gradio serves them, in folders whose names can't be guessed."""

    def __init__(self, about: About) -> None:
        self.about = about
        self.shared = about.shared
        self.served = Path(get_upload_folder()).resolve()
        self.live = self.served / "live"
        self.batches = self.served / "batches"
        self.history = History(self.served / "history")
        self.door = Door(about.admission)
        self.runs = Runs()
        self._lock = threading.Lock()
        self._lexicon = ""
        self._front_end = FrontEnd()

    @property
    def front_end(self) -> FrontEnd:
        """Reads as the engine does, with the user's lexicon as it is now; a broken one is left out here."""
        found = lexicon_file.read(self.shared)
        with self._lock:
            if found.version != self._lexicon:
                usable = Lexicon() if found.problem else Lexicon.parse(found.text.splitlines())
                self._front_end = FrontEnd(usable)
                self._lexicon = found.version
            return self._front_end

    def reload_lexicon(self) -> None:
        """Tells the engine that the lexicon has changed, if it has one."""
        if reload := getattr(self.about.engine, "reload_lexicon", None):
            reload()

    def speak(self, request: SynthesisRequest, stop: Stop) -> Speech:
        """Speaks at once, through the door; raises Stopped while it waits there."""
        return speak_whole(self.about, request, self.door.enter(stop))

    def wav(self, request: SynthesisRequest, speech: Speech) -> bytes:
        """The marked wav of a sound."""
        return marked_wav(self.about, request, speech).data

    def file(self, request: SynthesisRequest, speech: Speech) -> Path:
        """The marked wav of a sound as a file that Gradio hands out; it stays for some minutes."""
        self.live.mkdir(parents=True, exist_ok=True, mode=0o700)
        sweep(self.live)
        path = self.live / f"{secrets.token_hex(12)}.wav"
        path.write_bytes(self.wav(request, speech))
        return path

    def cues(self, request: SynthesisRequest, speech: Speech) -> tuple[Cue, ...]:
        """The subtitles of a sound."""
        return cues(plain(request.text), speech.samples, speech.sample_rate, self.front_end)

    def new_folder(self) -> Path:
        """A folder for a batch, not made yet."""
        return self.batches / secrets.token_hex(16)


@contextmanager
def refusals(w: Language | None = None) -> Iterator[None]:
    """Turns what engine, door, audit and disk say into a message on the page; in both languages where `w` is None."""
    try:
        yield
    except (RequestRefused, Busy) as refused:
        text = f"{refused.zh} {refused.en}" if w is None else escape(w(refused.zh, refused.en))
        title = "请检查输入" if w is None else w("请检查输入", "Please check")
        raise gr.Error(text, duration=10, title=title, print_exception=False) from refused
    except AuditError as failed:  # its own words, which name places on the server, go into the log
        text = " ".join(AUDIT_FAILED) if w is None else w(*AUDIT_FAILED)
        raise gr.Error(text, duration=None, title="出错了" if w is None else w("出错了", "That failed")) from failed
    except EngineFailed as failed:
        title = "出错了" if w is None else w("出错了", "That failed")
        problem = told(failed)
        text = (
            f"{problem.zh} {problem.en}" if w is None else escape(w(f"{problem.zh}{public(str(failed))}", problem.en))
        )
        raise gr.Error(text, duration=None, title=title, print_exception=False) from failed
    except (gr.Error, Stopped):
        raise
    except Exception as error:  # a full disk, or what nobody foresaw: its words, which may name places, are in the log
        problem = told(error)
        text = f"{problem.zh} {problem.en}" if w is None else w(problem.zh, problem.en)
        title = "出错了" if w is None else w("出错了", "That failed")
        raise gr.Error(text, duration=None, title=title, print_exception=False) from error


def event_value(event: gr.EventData, name: str) -> object:
    """What an event says under this name, None where it says nothing: anybody may send one with anything in it."""
    try:
        return getattr(event, name)
    except (AttributeError, TypeError):  # Gradio's, where the name is missing, and where the event holds no data
        return None
