"""A small real repository whose start_app.sh keeps the bundled service's contract with a small real HTTP server."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

START_APP = r"""#!/usr/bin/env bash
set -euo pipefail
mode=start port=7860 host=127.0.0.1
while [ $# -gt 0 ]; do
  case $1 in
    --prepare|--stop|--print-venv-key) mode=${1#--} ;;
    --server_port) port=$2; shift ;;
    --host) host=$2; shift ;;
    *) echo "unknown option $1" >&2; exit 2 ;;
  esac
  shift
done
here=$(cd "$(dirname "$0")" && pwd)
pid_file="$TTS_SHARED/run/small-$port.pid"
stop() {
  [ -f "$pid_file" ] || return 0
  pid=$(cat "$pid_file")
  kill "$pid" 2>/dev/null || true
  for _ in $(seq 100); do kill -0 "$pid" 2>/dev/null || break; sleep 0.05; done
  rm -f "$pid_file"
}
case $mode in
  print-venv-key) echo key-1 ;;
  prepare)
    echo "checked" >&2
    if [ -d "$TTS_SHARED/venvs/key-1" ]; then echo reused; else mkdir -p "$TTS_SHARED/venvs/key-1"; echo built; fi ;;
  stop) stop ;;
  start)
    stop
    setsid "$PYTHON" "$here/serve.py" "$host" "$port" >"$TTS_SHARED/logs/webui-$port.log" 2>&1 </dev/null &
    echo $! >"$pid_file"
    for _ in $(seq 200); do
      if grep -q ready "$TTS_SHARED/logs/webui-$port.log"; then echo "READY http://$host:$port"; exit 0; fi
      kill -0 "$(cat "$pid_file")" 2>/dev/null || break
      sleep 0.05
    done
    cat "$TTS_SHARED/logs/webui-$port.log" >&2
    exit 1 ;;
esac
"""
SERVE = """\
import http.server, pathlib, signal, sys
signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
commit = (pathlib.Path(__file__).parents[1] / "COMMIT").read_text().strip()
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = (VERSION + " " + commit).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def log_message(self, *_): pass
class Server(http.server.HTTPServer):
    def server_bind(self):  # without asking a name server who we are
        import socketserver
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = self.server_address
server = Server((sys.argv[1], int(sys.argv[2])), Handler)
print("ready", flush=True)
server.serve_forever()
"""


class Repository:
    """A git repository that tests commit versions to."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True)
        self.git("init", "--quiet", "--initial-branch=main")

    def git(self, *arguments: str) -> str:
        """git's standard output, in this repository."""
        names = {f"GIT_{who}_{what}": "t@example.com" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
        environment = {"PATH": os.environ["PATH"], "HOME": str(self.folder), "GIT_CONFIG_NOSYSTEM": "1", **names}
        done = subprocess.run(
            ["git", "-C", str(self.folder), *arguments], env=environment, check=True, capture_output=True, text=True
        )
        return done.stdout.strip()

    def commit(self, version: str, *, serve: str = SERVE, start_app: str = START_APP) -> str:
        """Commits a version of the service; returns the commit."""
        app = self.folder / "tts_service"
        app.mkdir(exist_ok=True)
        (app / "start_app.sh").write_text(start_app)
        (app / "serve.py").write_text(f"VERSION = {version!r}\n{serve}")
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message", version)
        return self.git("rev-parse", "HEAD")
