"""``python -m tts_service``: the command line without an installed package."""

from tts_service.cli import main

if __name__ == "__main__":
    raise SystemExit(main())
