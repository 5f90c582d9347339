"""A small real HTTP server that start_app.sh can start in the WebUI's place: same flags, same /healthz.

What it does is asked for by files beside it: ``die`` (ends with its text), ``stubborn`` (ignores TERM), ``mute`` (never
opens the port), ``slow`` (opens it when the file is gone), ``child`` (leaves a child that ignores TERM; its pid is
written into the file).
"""

import argparse
import json
import os
import signal
import subprocess
import sys
import time
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

HERE = Path(__file__).resolve().parent


class Health(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        body = json.dumps({"status": "ok", "pid": os.getpid(), "argv": sys.argv[1:], "cwd": str(Path.cwd())}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


parser = argparse.ArgumentParser()
parser.add_argument("--server_port", type=int)
parser.add_argument("--host")
parser.add_argument("--device")
parser.add_argument("--low-memory", action="store_true")
parser.add_argument("--engine")
options = parser.parse_args()
if (HERE / "die").exists():
    sys.exit((HERE / "die").read_text())
if (HERE / "stubborn").exists():
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
if (HERE / "child").exists():
    child = subprocess.Popen(["sh", "-c", "trap '' TERM; while :; do sleep 1; done"])
    (HERE / "child").write_text(str(child.pid))
if (HERE / "mute").exists():
    while True:
        time.sleep(60)
while (HERE / "slow").exists():
    time.sleep(0.02)
HTTPServer((options.host, options.server_port), Health).serve_forever()
