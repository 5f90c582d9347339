"""For all tests: Ctrl-C reaches the processes they start, also where the tests run in a shell's background."""

import signal

# A shell starts what it puts in its background with SIGINT ignored, and children would inherit that.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
