"""`python -m tests.lab.standin` on this machine; launch.py on a lab's host."""

import sys

from .commands import main

sys.exit(main())
