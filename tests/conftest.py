"""What all tests share: an interrupt is one, however the tests were started."""

from __future__ import annotations

import signal

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # started in the background by a shell: programs would inherit it
    signal.signal(signal.SIGINT, signal.default_int_handler)
