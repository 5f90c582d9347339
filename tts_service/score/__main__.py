"""``python -m tts_service.score``: the same as ``tts-service score``."""

import argparse

from tts_service.score.command import add_arguments, run

parser = argparse.ArgumentParser(prog="tts-service score", description="Quality of speech in figures")
add_arguments(parser)
raise SystemExit(run(parser.parse_args()))
