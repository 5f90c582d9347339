"""How the bundled voice is made: corpus, training and report, each one command (see docs/voice.md).

Needs the extra ``training``. Nothing of the teacher (eSpeak NG, GPL-3.0) is part of what ships.
"""
