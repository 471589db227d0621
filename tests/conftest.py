"""What holds for every test: a slow machine is no failure."""

from __future__ import annotations

import signal

from hypothesis import settings

# A deadline for each example would fail wherever other work shares the machine.
settings.register_profile("steady", deadline=None)
settings.load_profile("steady")

# A shell that starts us in its background has us ignore Ctrl-C, and with us every
# program that a test starts, and interrupts.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
